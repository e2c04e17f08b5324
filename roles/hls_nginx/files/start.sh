# Starts nginx. It asks the DNS of the cluster by itself, and must be told whom to ask, and the full names of the other pods.
# sh start.sh NAMESPACE
namespace=$1
servers=
domain=cluster.local
while read -r key values; do
    case $key in
        nameserver)
            case $values in *:*) values="[$values]" ;; esac
            servers="$servers $values"
            ;;
        search)
            for one in $values; do
                case $one in "$namespace".svc.*) domain=${one#"$namespace".svc.} ;; esac
            done
            ;;
    esac
done < /etc/resolv.conf
cat > /tmp/dns.conf << END
resolver${servers:- 127.0.0.1} valid=1s;
resolver_timeout 2s;
map "" \$cluster_domain { default $namespace.svc.$domain; }
END
exec nginx -c /etc/nginx-srs/nginx.conf -g "daemon off;"
