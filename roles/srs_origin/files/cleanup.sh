# Removes old media, and folders that have been empty for an hour, and prints what it removes.
#   cleanup.sh VOLUME PATH HOURS DRY_RUN EMPTY_FOLDERS PATTERN...
# Runs in any sh with a find of GNU or busybox.
set -eu
volume=$1 path=$2 minutes=$(($3 * 60)) dry_run=$4 empty_folders=$5
shift 5

volume=$(cd -P -- "$volume" && pwd)
cd -P -- "$volume/$path"
# A link may have led elsewhere. From here on links are not followed, and other file systems not entered.
case "$(pwd)/" in
"$volume"/*) ;;
*)
    echo "$path leads to $(pwd), which is not on the volume" >&2
    exit 1
    ;;
esac

for pattern; do
    if [ "$dry_run" = true ]; then
        find . -xdev -path ./lost+found -prune -o -type f -name "$pattern" -mmin "+$minutes" -print
    else
        find . -xdev -path ./lost+found -prune -o -type f -name "$pattern" -mmin "+$minutes" -print -exec rm -f -- {} +
    fi
done

# Not at once: SRS makes a folder before it makes the first file in it.
if [ "$empty_folders" = true ]; then
    find . -xdev -depth -type d ! -path . ! -path ./lost+found -mmin +60 -exec sh -c '
        if [ "$1" = true ]; then [ -n "$(ls -A -- "$2")" ] || echo "$2"; else rmdir -- "$2" 2>/dev/null && echo "$2"; fi
    ' folder "$dry_run" {} \; 2>/dev/null || true
fi
