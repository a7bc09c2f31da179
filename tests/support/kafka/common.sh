# Sourced by start, stop, topics: where things are. No absolute paths, no host names but loopback.
set -euo pipefail
KAFKA_VERSION=${KAFKA_VERSION:-4.1.1}
SCALA_VERSION=${SCALA_VERSION:-2.13}
KAFKA_HOST=127.0.0.1
KAFKA_PORT=${KAFKA_PORT:-9092}                 # broker i (1-based) listens on KAFKA_PORT + i - 1
KAFKA_CPORT=${KAFKA_CPORT:-$((KAFKA_PORT + 1000))}   # controller of node i: KAFKA_CPORT + i - 1
KAFKA_CACHE=${KAFKA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kafka}
KAFKA_LIBS=$KAFKA_CACHE/libs-$KAFKA_VERSION
KAFKA_RUN=${KAFKA_RUN:-$KAFKA_CACHE/run-$KAFKA_PORT} # data, logs, pid files of this cluster
KAFKA_DATA=${KAFKA_DATA:-$KAFKA_RUN/data}
KAFKA_LOG=${KAFKA_LOG:-$KAFKA_RUN/log}
KAFKA_HEAP=${KAFKA_HEAP:-512m}
JAVA=${JAVA_HOME:+$JAVA_HOME/bin/}java

pid_of() { # pid_of I: the live pid of node I, or nothing
	local p
	p=$(cat "$KAFKA_RUN/$1.pid" 2>/dev/null) || return 0
	if [ -n "$p" ] && kill -0 "$p" 2>/dev/null && grep -qz kafka.Kafka "/proc/$p/cmdline" 2>/dev/null; then echo "$p"; fi
}
nodes_known() { # numbers of the nodes that were ever formatted here
	local d
	for d in "$KAFKA_DATA"/[0-9]*; do [ -d "$d" ] && basename "$d"; done 2>/dev/null | sort -n
}
bootstrap() { # bootstrap N
	local i s=
	for i in $(seq 1 "$1"); do s+=${s:+,}$KAFKA_HOST:$((KAFKA_PORT + i - 1)); done
	echo "$s"
}
skip() { # a machine that cannot have a broker: say so, and let the caller tell it from a failure
	echo "skipped: $1" >&2
	exit 77
}
fetch_jars() {
	command -v "$JAVA" >/dev/null || skip "no Java (Debian: openjdk-17-jre-headless)"
	[ -f "$KAFKA_LIBS/.complete" ] && return 0
	command -v mvn >/dev/null || skip "no Maven to get Kafka's jars with (Debian: maven)"
	local t; t=$(mktemp -d)
	cat >"$t/pom.xml" <<-X
	<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
	<groupId>local</groupId><artifactId>kafka-dist</artifactId><version>1</version><packaging>pom</packaging>
	<dependencies>
	<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_$SCALA_VERSION</artifactId><version>$KAFKA_VERSION</version></dependency>
	<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>$KAFKA_VERSION</version></dependency>
	<dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>2.24.3</version></dependency>
	</dependencies></project>
	X
	mkdir -p "$KAFKA_LIBS"
	mvn -q -B -f "$t/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$KAFKA_LIBS" >"$t/log" 2>&1 ||
		{ tail -5 "$t/log" >&2; rm -rf "$t"; skip "Kafka's jars did not arrive"; }
	rm -rf "$t"; touch "$KAFKA_LIBS/.complete"
}
log4j_conf() { # a log4j2 file of level $1
	cat <<-X
	status=error
	appender.out.type=Console
	appender.out.name=out
	appender.out.layout.type=PatternLayout
	appender.out.layout.pattern=%d{HH:mm:ss.SSS} %p %c{1} %m%n
	rootLogger.level=$1
	rootLogger.appenderRef.out.ref=out
	X
}
