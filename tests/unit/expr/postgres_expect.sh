#!/usr/bin/env bash
# postgres_expect.sh: asks a real PostgreSQL for the values of functions.cases and writes functions.expected
# (expression, text or ERROR, type; separated by tabs). Run by hand after changing the cases; needs Debian's
# postgresql package. The server is a temporary one, in a folder of its own, reached by its socket only.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"
bin=$(find /usr/lib/postgresql -name initdb -printf '%h\n' | sort -V | tail -1)
[ -n "$bin" ] || { echo "postgres_expect.sh: no PostgreSQL found" >&2; exit 1; }
work=$(mktemp -d)
as_user=()
if [ "$(id -u)" = 0 ]; then # PostgreSQL refuses to run as root.
    chown nobody "$work"
    as_user=(runuser -u nobody --)
fi
stop() {
    "${as_user[@]}" "$bin/pg_ctl" -D "$work/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap stop EXIT
"${as_user[@]}" "$bin/initdb" -D "$work/data" -A trust -U tide --encoding=UTF8 --locale=C.UTF-8 >/dev/null
"${as_user[@]}" "$bin/pg_ctl" -D "$work/data" -w -l "$work/log" \
    -o "-c listen_addresses='' -c unix_socket_directories=$work -c timezone=UTC -c fsync=off" start >/dev/null

cat >"$work/ask.sql" <<'SQL'
SET timezone = 'UTC';
CREATE FUNCTION ask(e text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE v text; t text;
BEGIN
    EXECUTE 'SELECT (' || e || ')::text, pg_typeof(' || e || ')::text' INTO v, t;
    RETURN coalesce(v, 'NULL') || E'\t' || t;
EXCEPTION WHEN OTHERS THEN
    RETURN E'ERROR\t' || sqlerrm;
END $$;
CREATE TABLE cases (i serial, line text);
SQL
# A line is an expression, or one of ours and, behind " ==> ", PostgreSQL's spelling.
grep -v '^#' functions.cases | grep -v '^$' >"$work/lines"
{
    cat "$work/ask.sql"
    echo "COPY cases (line) FROM STDIN WITH (FORMAT csv, DELIMITER E'\\x01', QUOTE E'\\x02');"
    cat "$work/lines"
    echo '\.'
    cat <<'SQL'
COPY (SELECT split_part(line, ' ==> ', 1) || E'\t' ||
             replace(replace(ask(CASE WHEN line LIKE '% ==> %' THEN split_part(line, ' ==> ', 2) ELSE line END),
                             E'\\', E'\\\\'), E'\n', '\n')
      FROM cases ORDER BY i) TO STDOUT WITH (FORMAT csv, DELIMITER E'\x01', QUOTE E'\x02');
SQL
} >"$work/all.sql"
PGOPTIONS='--client-min-messages=warning' psql -X -q -h "$work" -U tide -d postgres -v ON_ERROR_STOP=1 \
    -f "$work/all.sql" >functions.expected
wc -l functions.expected
