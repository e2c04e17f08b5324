# Publishes a source again and again, for whoever wants to see a stream at once.
#   publish.sh SOURCE TARGET
# ffmpeg is a child, so that the end of this process is the end of both, at once.
trap 'kill "$child" 2>/dev/null; exit 0' TERM INT
while :; do
    ffmpeg -hide_banner -loglevel warning -re -stream_loop -1 -i "$1" -c copy -f flv "$2" &
    child=$!
    wait "$child"
    sleep 3 &
    child=$!
    wait "$child"
done
