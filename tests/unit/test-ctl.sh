#!/bin/bash
# rolloutctl against a fake agent: what each verb says, and what it exits with.
set -u
here=$PWD srcdir=${srcdir:-.}
ctl=$here/rolloutctl agent=$here/tests/unit/fake-agent
folder=$(mktemp -d /tmp/rollout-test-ctl.XXXXXX)
export ROLLOUT_RUN_DIR=$folder/run LC_ALL=C
mkdir -p "$ROLLOUT_RUN_DIR"
failed=0 agent_pid='' as=()

stop_agent() {
    [[ -z $agent_pid ]] || { kill "$agent_pid" && wait "$agent_pid"; }
    agent_pid=
}

# start_agent [WORD]...: see fake-agent-main.c
start_agent() {
    stop_agent
    rm -f "$ROLLOUT_RUN_DIR"/shop/*.sock
    "$agent" "$ROLLOUT_RUN_DIR/shop" 60 "$@" &
    agent_pid=$!
    for _ in {1..100}; do
        [[ ! -S $ROLLOUT_RUN_DIR/shop/status.sock ]] || return 0
        sleep 0.05
    done
    echo "the fake agent does not come up"
    exit 1
}

trap 'stop_agent; rm -rf "$folder"' EXIT

# check NAME: the verdict is the exit code of the command before
check() {
    local result=$?
    if ((result == 0)); then
        echo "good: $1"
    else
        failed=$((failed + 1))
        echo "FAILED: $1"
        sed 's/^/    /' "$folder/out" "$folder/err"
    fi
}

# unprivileged COMMAND...: as somebody who may do nothing
unprivileged() {
    local as=() ctl=$folder/rolloutctl
    ((EUID != 0)) || as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    "$@"
}

# run CODE ARGUMENTS...: standard output in out, standard error in err
run() {
    local expected=$1 code
    shift
    timeout 60 "${as[@]}" "$ctl" "$@" >"$folder/out" 2>"$folder/err"
    code=$?
    ((code == expected)) || echo "rolloutctl $*: exit $code, expected $expected"
    ((code == expected))
}

# shows TEXT: what was begun does so, or will in time
shows() {
    for _ in {1..200}; do
        ! grep -qsF -- "$1" "$folder/watch.err" || return 0
        sleep 0.05
    done
    echo "it does not show: $1"
    return 1
}

# begin ARGUMENTS...: in the background
begin() {
    rm -f "$folder"/watch.*
    timeout 60 "$ctl" "$@" >"$folder/watch.out" 2>"$folder/watch.err" &
    watcher=$!
}

# follow ARGUMENTS...: as begin, as far as where the rollout stands is seen
follow() {
    begin "$@"
    shows ", step "
}

# ended CODE: what was begun; then as for run
ended() {
    local code=0
    wait "$watcher" || code=$?
    mv "$folder/watch.out" "$folder/out"
    mv "$folder/watch.err" "$folder/err"
    ((code == $1)) || echo "it ended with exit $code, expected $1"
    ((code == $1))
}

out() {
    grep -qF -- "$1" "$folder/out"
}

err() {
    grep -qF -- "$1" "$folder/err" && [[ ! -s $folder/out ]]
}

start_agent
run 0 get shop && out "CanaryPauseStep: step 2 of 4" && out "20 % wanted, 20 % seen" && out "9min left" && out "green-1" &&
    out "1 successful"
check "get shows the picture"
run 0 get shop --output json && jq -e '.app == "shop" and .canary.version == "v2" and .weight.actual == 20' "$folder/out" >/dev/null
check "get passes the document"
run 0 status shop && out "Paused, step 1/4, 20 %"
check "status is one line"
run 0 list && out "shop" && run 0 list -o json && jq -e '.[0].app == "shop"' "$folder/out" >/dev/null
check "list"
run 0 history shop && out "promoted" && run 0 history shop -o json && jq -e '.[0].outcome == "running"' "$folder/out" >/dev/null
check "history"
run 0 analysis shop && out "success-rate" && run 0 analysis shop 1 && out "[0.99]" && run 2 analysis shop 9 && run 2 analysis shop x
check "analysis"
run 0 analysis shop 1 && out "up{job=\"shop\"}" && out "result[0] >= 0.95" && out "success: 0.99 >= 0.95" && out "revision 2, step 4" &&
    out "every 1min, 5 times"
check "a run shows what was asked and how it was judged"
run 0 analyze shop success-rate -a window=5m --arg=x="a b" && out "run 2" && out "by hand, by" && grep -qF "run 2 begins" "$folder/err" &&
    run 1 analyze shop latency -o json && jq -e '.phase == "Failed" and .revision == null and .by.uid == 1000' "$folder/out" >/dev/null &&
    run 0 analysis shop && out "by hand"
check "analyze waits for the run, and exits by its verdict"
run 2 analyze shop nothing && err "no metric or template nothing" && run 5 analyze shop busy && run 2 analyze shop && run 2 analyze shop x -a y &&
    run 2 analyze shop "a b" && run 2 analyze shop x -a "a b=c"
check "a bad analyze exits 2, one too many 5"
run 0 pause shop && out "is paused" && run 0 resume shop && out "goes on"
check "pause and resume"
run 5 retry shop && err "nothing was aborted"
check "a refused verb exits 5"
run 3 status shop --watch --timeout 1s && grep -qF "out of time" "$folder/err"
check "a wait out of time exits 3"
run 0 promote shop -o json && jq -e '.verdict == "accepted" and .revision == 2' "$folder/out" >/dev/null
check "promote says its verdict"
run 0 abort shop && run 1 status shop && out "Degraded"
check "after abort the status is Degraded, exit 1"

start_agent
run 0 deploy shop v9 --env A=1 --env "B=x y" && out "revision 3 (v9)"
check "deploy"
run 2 deploy shop v9 --env A && err "expected KEY=VALUE" && run 2 deploy shop ../x && err "not a version"
check "a bad deploy exits 2"

start_agent
run 0 plan shop v9 && out "revision 3 (v9) begins" && grep -qE "^0s +setWeight 20 +- +20 % +1 +2 +traffic" "$folder/out" &&
    grep -qE "^10min +setWeight 60 +- +60 % +2 +2 " "$folder/out" && out "the old version is stopped"
check "plan shows the steps with their times"
run 0 plan shop v9 -o json && jq -e '.steps[1].lastsSec == 600 and .steps[1].waitsFor == "pause" and .steps[2].weight == 60' "$folder/out" >/dev/null &&
    run 2 plan shop ../x && run 0 get shop && out "step 2 of 4"
check "plan changes nothing"

start_agent
follow deploy shop v9 --watch && kill -USR1 "$agent_pid" && ended 0 && out "Healthy" && grep -qF "revision 3 is live" "$folder/err"
check "deploy --watch ends with Healthy"
start_agent
follow deploy shop v9 --watch && kill -USR2 "$agent_pid" && ended 1 && out "Degraded"
check "deploy --watch ends with Degraded, exit 1"
start_agent sudden
run 1 deploy shop v9 --watch && out "Degraded" && grep -qF "revision 3 is Degraded" "$folder/err"
check "what deploy --watch shows last is how it ended"
start_agent
run 0 deploy shop v2 && out "v2 is under way already, as revision 2" && run 0 deploy shop v2 -o json &&
    jq -e '.verdict == "attached" and .revision == 2' "$folder/out" >/dev/null && run 0 history shop -o json &&
    jq -e 'length == 2' "$folder/out" >/dev/null
check "to deploy what is under way attaches to it"
follow deploy shop v2 --watch && kill -USR1 "$agent_pid" && ended 0 && grep -qF "revision 2 is live" "$folder/err"
check "who attached sees it end"
run 0 deploy shop v2 && out "v2 is live already, as revision 2" && run 0 deploy shop v2 -o json &&
    jq -e '.verdict == "already" and .revision == 2' "$folder/out" >/dev/null &&
    run 0 deploy shop v2 --watch && grep -qF "revision 2 is live" "$folder/err" && run 0 deploy shop v2 --until paused
check "to deploy what is live needs nothing"
start_agent
run 0 deploy shop v2 --until paused && out "Paused" && grep -qF "v2 is under way already" "$folder/err"
check "--until paused is content with what is Paused already"
run 3 deploy shop v9 --until paused --timeout 1s && grep -qF "out of time" "$folder/err" && run 0 status shop && out "Progressing"
check "--until paused out of time exits 3, and the rollout goes on"
follow deploy shop v9 --until paused && run 0 pause shop && ended 0 && out "Paused"
check "--until paused ends when it is Paused"
start_agent
follow deploy shop v9 --until paused && kill -USR2 "$agent_pid" && ended 1 && out "Degraded" && grep -qF "revision 3 " "$folder/err"
check "--until paused ends when it is taken back, exit 1"
start_agent
follow deploy shop v9 --until paused && run 0 deploy shop v1 && ended 1 && grep -qF "revision 3 rolled-back" "$folder/err"
check "--until paused ends when somebody goes back, exit 1"
start_agent
follow deploy shop v9 --until paused && run 0 deploy shop v10 && ended 1 && grep -qF "revision 3 superseded" "$folder/err"
check "--until paused ends when another version comes, exit 1"
run 2 deploy shop v9 --until now && err "expected paused"
check "a wait until what there is not exits 2"

# What is queued is judged by its own outcome, not by the phase of what is under way.
start_agent queue
run 0 deploy shop v3 && out "revision 3 (v3) waits until the one under way has ended" && run 0 status shop && out "Paused" &&
    run 3 deploy shop v3 --until paused --timeout 1s
check "a queued revision isn't Paused because another one is"
follow deploy shop v3 --until paused && kill -USR1 "$agent_pid" && shows "Progressing" && run 0 pause shop && ended 0 && out "Paused"
check "a queued revision is followed until it is Paused itself"
start_agent queue window
run 0 deploy shop v3 && kill -USR2 "$agent_pid" && run 1 status shop --watch && run 3 deploy shop v3 --watch --timeout 1s
check "a queued revision isn't Degraded because another one was aborted"
follow deploy shop v3 --watch && kill -HUP "$agent_pid" && shows "Progressing" && kill -USR1 "$agent_pid" && ended 0 &&
    grep -qF "revision 3 is live" "$folder/err"
check "a queued revision is followed until it is Healthy"
start_agent queue
follow deploy shop v2 --watch && run 0 deploy shop v3 && kill -USR1 "$agent_pid" && ended 0 && grep -qF "revision 2 was promoted" "$folder/err"
check "who was promoted has ended, whatever became of the next one"

start_agent
follow status shop --watch && kill -USR1 "$agent_pid" && ended 0 && out "Healthy"
check "status --watch ends with Healthy"

# The agent is gone for a moment; the same revision is under way when it is back.
start_agent
follow status shop --watch --timeout 20s && stop_agent && shows "trying again" && start_agent && kill -USR1 "$agent_pid" &&
    ended 0 && out "Healthy"
check "a watch survives a restart of the agent"
start_agent frail
begin deploy shop v2 --watch && shows "trying again" && ! wait "$agent_pid" && agent_pid='' && start_agent && shows ", step " &&
    kill -USR1 "$agent_pid" && ended 0 && out "Healthy"
check "what was accepted is followed, also when the agent restarts right after"

# Who may act reads where not everybody can stand in the way; the others read where everybody may.
connected() {
    grep -q " 03 .*$ROLLOUT_RUN_DIR/shop/$1\$" /proc/net/unix
}
streams() {
    for _ in {1..200}; do
        ! connected "$1" || { sleep 0.05 && connected "$1" && return 0; }
        sleep 0.05
    done
    return 1
}
start_agent
follow status shop --watch && streams api.sock && ! connected status.sock && kill -USR1 "$agent_pid" && ended 0
check "who may act reads api.sock, events, too"
rm "$ROLLOUT_RUN_DIR/shop/status.sock"
run 0 get shop && out "Healthy" && run 0 list && out "Healthy"
check "who may act needs no status.sock"
start_agent
rm "$ROLLOUT_RUN_DIR/shop/api.sock"
run 0 status shop && out "Paused" && run 4 promote shop && err "does not answer"
check "where there is no api.sock, status.sock is read"
start_agent
cp "$ctl" "$folder"
chmod 755 "$folder" "$folder"/{rolloutctl,run}
chmod 0 "$ROLLOUT_RUN_DIR/shop/api.sock"
unprivileged run 0 status shop && out "Paused" && unprivileged run 4 promote shop && err "no permission to use $ROLLOUT_RUN_DIR/shop/api.sock"
check "who may not act reads status.sock"

# The journal is journalctl's: what it is asked for is shown by one of our own.
mkdir "$folder/bin"
printf '#!/bin/sh\necho "$@"\nexit 7\n' >"$folder/bin/journalctl"
chmod 755 "$folder/bin/journalctl"
with_journal() {
    local PATH=$folder/bin:$PATH
    run "$@"
}
start_agent
units="--unit rollout@shop.service --unit shop@blue-1.service --unit shop@blue-2.service --unit shop@green-1.service --unit shop@green-2.service"
with_journal 7 logs shop && [[ $(cat "$folder/out") == "$units" ]] &&
    with_journal 7 logs shop -f -n 20 --since "10 min ago" -o json && out "--follow --output=json --lines 20 --since 10 min ago $units" &&
    run 2 logs shop -n many && err "expected a number, or all" && run 2 logs Shop
check "logs asks journalctl for the agent's and the instances' units"
stop_agent
with_journal 2 logs nothere && err "no app nothere"
check "logs of an app that isn't there exits 2"

stop_agent
run 4 status shop && err "does not answer" && run 4 deploy shop v2 && run 4 get shop --watch
check "no agent exits 4"
run 0 list && out "does not answer"
check "list names agents that don't answer"

run 2 stat && err "did you mean status?" && run 2 promote shop --ful && err "did you mean --full?" && run 2 abort shop --full &&
    run 2 get && run 2 get a b && run 2 status Shop && run 2 status ../x && run 2 get shop -o yaml && run 2 deploy shop v1 --timeout never
check "wrong usage exits 2"
run 0 version && out "rollout " && run 0 --version && run 0 version -o json && jq -e .version "$folder/out" >/dev/null
check "version"
run 0 completion bash && bash -n "$folder/out" && run 2 completion fish
check "completion"

# Help, manual and completion know every verb and option.
good=true
"$ctl" help >"$folder/help"
while read -r verb _; do
    grep -qE "^\.(B|BI|BR) \"?$verb" "$srcdir/man/rolloutctl.1" || { echo "the manual lacks $verb"; good=false; }
    "$ctl" "$verb" --help >"$folder/out" || good=false
    grep -q "^Usage: rolloutctl $verb" "$folder/out" || good=false
    while read -r option; do
        grep -qF -- "${option//-/\\-}" "$srcdir/man/rolloutctl.1" || { echo "the manual lacks $option"; good=false; }
    done < <(grep -oE -- '--[a-z]+' "$folder/out")
done < <(grep '^  [a-z]' "$folder/help")
$good
check "help and manual know every verb and option"

# The guide for those who come from elsewhere speaks of what there is.
good=true guide=$srcdir/docs/coming-from-argo.md
while read -r key; do
    grep -qE "^\.(BI|IR|B|I|BR) \"?$key" "$srcdir/man/rollout.conf.5" || { echo "there is no key $key"; good=false; }
done < <(grep -oE '\b[A-Z]+[a-z][A-Za-z]*=' "$guide" | sort -u)
while read -r verb; do
    grep -q "^  $verb " "$folder/help" || { echo "there is no verb $verb"; good=false; }
done < <(grep -oE '`(rolloutctl )?[a-z]+ APP' "$guide" | sed -E 's/`(rolloutctl )?([a-z]+) APP/\2/' | sort -u)
$good
check "the guide knows keys and verbs that there are"

mkdir "$folder/conf"
printf '[Rollout]\nReplica=2\n' >"$folder/conf/shop.conf"
run 2 lint "$folder/conf/shop.conf" && err "$folder/conf/shop.conf:2:" && err "Replicas"
check "lint names file and line"
printf '[Rollout]\nReplicas=2\n[HAProxy]\nSocket=/run/haproxy/admin.sock\n' >"$folder/conf/shop.conf"
run 0 lint "$folder/conf/shop.conf" && out "shop: good" && run 0 lint "$folder/conf/shop.conf" -o json
check "lint finds nothing"
printf '[Hook gate]\nAt=confirm-promotion\nURL=gate.example.org\n' >>"$folder/conf/shop.conf"
run 2 lint "$folder/conf/shop.conf" && err "$folder/conf/shop.conf:7: error: URL=: not an address"
check "lint checks hooks as the agent does"
printf '[Rollout]\n[HAProxy]\nSocket=/run/haproxy/admin.sock\n[Notify team]\nType=slack\nOn=rollout-aborted\nURL=http://h\n' >"$folder/conf/shop.conf"
run 0 lint "$folder/conf/shop.conf" && out "shop: good, but for 1 warning" &&
    grep -qF "$folder/conf/shop.conf:4: warning: [Notify team] is checked, but nothing is sent yet" "$folder/err"
check "lint says that nothing is sent"

mkdir "$folder/init"
stock='global
    stats socket /run/haproxy/admin.sock mode 660 level admin
defaults
    mode http
    timeout connect 5s
    timeout client 50s
    timeout server 50s'
wishes=(--replicas 3 --port 7001 --release /opt/shop/%v --exec "bin/serve --port \${PORT}" --bind 127.0.0.1:80 --dir "$folder/init")
run 0 init shop --dir "$folder/init" -o json && jq -e '.files | length == 3' "$folder/out" >/dev/null && run 0 lint "$folder/init/shop.conf"
check "init needs no option"
# where this build keeps its state: a build with a prefix of its own has it there
states=$(sed -nE 's,.*server-state-file-name (.*)/shop/haproxy/shop.state,\1,p' "$folder/init/shop-haproxy.cfg")
for strategy in canary blueGreen; do
    rm -f "$folder/init"/*
    run 0 init shop --strategy $strategy "${wishes[@]}" && out "written: $folder/init/shop@.service" && out "systemctl enable --now rollout@shop" &&
        { echo "$stock" && cat "$folder/init/shop-haproxy.cfg"; } >"$folder/haproxy.cfg" &&
        run 0 lint "$folder/init/shop.conf" --haproxy "$folder/haproxy.cfg" && [[ $(cat "$folder/out") == "shop: good" ]] && [[ ! -s $folder/err ]] &&
        grep -qx "Strategy=$strategy" "$folder/init/shop.conf" && grep -q "server green-3 127.0.0.1:7013" "$folder/haproxy.cfg" &&
        grep -qxF "ExecStart=$states/shop/instances/%i/release/bin/serve --port \${PORT}" "$folder/init/shop@.service"
    check "init writes a $strategy that lint finds good"
done
touch "$folder/before"
run 2 init shop --dir "$folder/init" && err "is there already" && [[ -z $(find "$folder/init" -newer "$folder/before") ]]
check "init replaces nothing"
rm "$folder/init"/*
run 2 init Shop --dir "$folder/init" && run 2 init shop --release /srv/shop --dir "$folder/init" && err "%v" &&
    run 2 init shop --release "srv/%v" --dir "$folder/init" && run 2 init shop --replicas 33 --dir "$folder/init" &&
    run 2 init shop --port 65530 --dir "$folder/init" && run 2 init shop --exec $'a\nb' --dir "$folder/init" && err "one line" &&
    run 2 init shop --strategy rolling && run 2 init shop --dir "$folder/nowhere" && [[ -z $(ls "$folder/init") ]]
check "init writes nothing that would be wrong"

mkdir "$folder/examples"
ln -s "$(realpath "$srcdir/templates")" "$folder/examples/analysis"
cp "$srcdir"/examples/*.conf "$folder/examples"
sed "s,/var/lib/rollout,$states," "$srcdir/examples/ai-engine-haproxy.cfg" >"$folder/examples/haproxy.cfg"
for app in ai-engine-api ai-engine-workers; do
    run 0 lint "$folder/examples/$app.conf" --haproxy "$folder/examples/haproxy.cfg" && [[ $(cat "$folder/out") == "$app: good" && ! -s $folder/err ]]
    check "lint finds the example $app good"
done

run 2 lint nothere && err "nothere"
check "lint of an app that isn't there"
((failed == 0))
