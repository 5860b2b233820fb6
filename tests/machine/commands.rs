//! A document with commands and scripts, booted: they run outside our sandbox, once or at each boot, and what fails is
//! seen.

use crate::check::Checks;
use crate::container::Container;
use crate::machine::Machine;
use crate::rootfs::Suite;
use crate::scenario::FIRST;
use crate::seed::{PASSWORD, Seed};

/// The commands of the first two boots.
const COMMANDS: &str = r##"write_files:
- {path: /etc/app.conf, content: "a=1\n"}
- {path: /etc/systemd/system/home.socket, content: "[Socket]\nListenStream=127.0.0.1:8000\nAccept=yes\n"}
- {path: /etc/systemd/system/home@.service, content: "[Service]\nStandardInput=socket\nExecStart=/bin/sh /etc/answer\n"}
- {path: /var/lib/cloud/scripts/per-boot/10-each, permissions: '0755', content: "#!/bin/sh\nsystemctl is-active docker.service >>/var/log/each"}
- {path: /var/lib/cloud/scripts/per-once/one, permissions: '0755', content: "#!/bin/sh\necho once >>/var/log/each"}
- path: /etc/answer
  content: |
    while read -r line && [ ${#line} -gt 1 ]; do
      case $line in POST*) first=${line% HTTP*} ;; [Cc]ontent-[Ll]ength:*) length=$(echo "$line" | tr -cd 0-9) ;; esac
    done
    echo "$first $(head -c "$length")" >>/var/log/home
    printf 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
bootcmd:
- echo boot >>/var/log/boots
- [sh, -c, "cat /etc/app.conf >/var/log/early"]
runcmd:
- export WORD=carried; cd /srv
- echo "$WORD $PWD $INSTANCE_ID" >/var/log/ran
- [touch, "/var/log/it's $HOME"]
- systemctl is-active network-online.target docker.service >>/var/log/ran
- nohup sh -c 'echo started; exec sleep 1000' &
- mount -t tmpfs none /mnt && echo mounted >>/var/log/ran
-
- systemctl start home.socket
- echo the end
phone_home: {url: 'http://127.0.0.1:8000/hello/$INSTANCE_ID', post: [hostname, instance_id]}
reporting: {rig: {type: webhook, endpoint: 'http://127.0.0.1:8000/events'}}
final_message: "up $UPTIME s, by $DATASOURCE"
power_state: {mode: poweroff, condition: test -e /nowhere}
"##;

/// Those of the next two, of which the first restarts the machine when all is done.
const FAILING: &str = "bootcmd: [echo boot >>/var/log/boots]
runcmd:\n- echo a\n- echo why >&2; false\n- echo after >/var/log/after
power_state: {mode: reboot, message: it's all done, condition: [test, -e, /var/log/after]}
";

/// Those of the last two run at each boot, after all else.
const ALWAYS: &str = "cloud_final_modules: [[scripts-user, always]]
final_message: the end
runcmd:\n- echo $(systemctl is-active firstlight-final.service) >>/var/log/always\n- echo $INSTANCE_ID >>/var/log/always\n- ps -p $$ -o unit= >>/var/log/always
";

/// What is looked at in those: the unit is waited for, not started again.
const LOOK_ALWAYS: &str = r#"
firstlight status --wait >/dev/null
while systemctl show -p ActiveState --value firstlight-runcmd-at-boot.service | grep -q ^activating; do sleep 0.2; done
cat /var/log/always
systemctl start behind.service
cat /var/log/behind
sed -n 's/^  "status": //p' /run/firstlight/result.json
firstlight status --drift >&2 && echo no drift
"#;

/// A unit that needs a configured machine: it notes which stages are over, and that the result is there.
const BEHIND: &str = "[Unit]
Wants=firstlight.target
After=firstlight.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'exec >/var/log/behind; systemctl is-active firstlight.service firstlight-final.service; ls /run/firstlight/result.json'
";

/// Those of the last boot hang, and firstlight is killed meanwhile.
const HANGING: &str = "runcmd: [sleep 1000]\n";

/// Who waits for the end is told of it, and a later run knows what became of the command. The probe begins when no job is
/// left: this goes before it.
const KILLER: &str = r#"[Unit]
DefaultDependencies=no
After=basic.target
[Service]
Type=oneshot
RemainAfterExit=yes
StandardOutput=file:/var/log/killed
ExecStart=bash /usr/lib/probe/killer
"#;
const KILL: &str = r#"
until systemctl show -p ActiveState --value firstlight-runcmd.service | grep -q ^activating; do sleep 0.2; done
firstlight status | grep -Eo '^status: .*|the final stage is running'
systemctl kill --signal KILL firstlight-final.service
timeout 60 firstlight status --wait | grep -Eo '^status: .*|firstlight-final.service was stopped before it was done'
systemctl stop firstlight-runcmd.service
firstlight plan | grep -o 'runcmd has run for this instance and failed'
"#;

/// What is looked at in each boot.
const LOOK: &str = r#"
firstlight status --wait >/dev/null
cat /var/log/boots /var/log/early /var/log/each /var/log/ran
ls /var/log | grep "it's"
sed -n '1p; $s/{"name":"\([^"]*\)".*"result":\(.*\)}/\1 \2/p' /var/log/home
ls /var/log/after
firstlight status | grep -c '^ *[0-9]* .* (done, '
firstlight status | grep '(exit status' | sed 's/, [0-9]* ms//'
grep -c 'echo why\|: why' /run/firstlight/status.json
firstlight status | grep '^commands: power_state' | sed 's/, [0-9]* ms.*//'
cat /var/lib/firstlight/commands/power_state/output | tail -n 1
sed -n 's/^up [0-9.]* s, by //p' /var/lib/firstlight/commands/final_message/output
pgrep -f 'sleep 1000' >/dev/null && systemctl is-active firstlight-runcmd.service
grep -hE '^(the end$|==> 3: echo after)' /var/lib/firstlight/commands/runcmd/output
stat -c '%a %n' /var/lib/firstlight/commands/runcmd/* /etc/firstlight/commands/*
journalctl -b -u firstlight-runcmd.service -o cat | grep -c '^the end$'
firstlight status --drift >&2 && echo no drift
"#;

/// Of `power_state` in the first two boots, whose first command ends it, and of the final message.
const NOT_MET: &str =
    "commands: power_state done, 1 command of 2\nthe condition is not met: nothing happens\nnocloud\n";

/// The same in the next two: it has restarted the machine.
const RESTARTED: &str = "commands: power_state done, 2 commands of 2\n==> 2: trap '' TERM; shutdown -r -- now 'it'\\''s all done' || systemctl reboot <==\nnocloud\n";

const BOOTCMD: &str = "700 /etc/firstlight/commands/bootcmd\n";

const PER_BOOT: &str = "700 /etc/firstlight/commands/scripts-per-boot\n";

const FILES: &str =
    "600 /var/lib/firstlight/commands/runcmd/output\n600 /var/lib/firstlight/commands/runcmd/record.json\n";

/// Two boots with commands that succeed, two with some that fail, two with some that run always, one with one that hangs.
pub fn commands(test: &str, suite: Suite) {
    let mut machine = Container::new(suite, test);
    machine.root.write("usr/lib/probe/by-hand", LOOK);
    let seed = Seed {
        extra: COMMANDS,
        ..Seed::new("commands", FIRST)
    };
    machine.insert(&seed);
    let (first, second) = ("once\nactive\n", "once\nactive\nactive\n");
    let ran = "carried /srv rig-1\nactive\nactive\nmounted\nit's $HOME\n\
               POST /hello/rig-1 hostname=commands&instance_id=rig-1\nPOST /events modules-final \"SUCCESS\"\n";
    for (boots, each, running, journal) in [("boot\n", first, "active\n", "1"), ("boot\nboot\n", second, "", "0")] {
        let seen = machine.boot(&[], FIRST, PASSWORD);
        let mut checks = Checks::new(test, "commands", &seen);
        checks.configured(&seed);
        checks.status("0");
        checks.units_succeeded();
        checks.generations(1);
        checks.equal(
            "what the commands have done",
            seen.text("by-hand"),
            format!(
                "{boots}a=1\n{each}{ran}14\n0\n{NOT_MET}{running}the end\n{FILES}{BOOTCMD}{PER_BOOT}{journal}\nno drift"
            ),
        );
        checks.finish();
    }

    let seed = Seed {
        extra: FAILING,
        instance_id: "rig-2",
        ..Seed::new("commands", FIRST)
    };
    machine.insert(&seed);
    for boots in [4, 5] {
        let seen = machine.boot(&[], FIRST, PASSWORD);
        let mut checks = Checks::new(test, "commands that fail", &seen);
        checks.configured(&seed);
        checks.status("4");
        checks.generations(2);
        checks.equal(
            "what the commands have done, the one behind the failed one too",
            seen.text("by-hand"),
            format!(
                "{}a=1\n{second}{ran}/var/log/after\n5\n    2 echo why >&2; false (exit status 1): why\n0\n{RESTARTED}\
                 ==> 3: echo after >/var/log/after <==\n{FILES}{BOOTCMD}0\nno drift",
                "boot\n".repeat(boots)
            ),
        );
        checks.finish();
    }

    machine.root.write("usr/lib/probe/by-hand", LOOK_ALWAYS);
    machine.root.write("etc/systemd/system/behind.service", BEHIND);
    machine.root.write(
        "etc/systemd/system/multi-user.target.d/more.conf",
        "[Unit]\nWants=behind.service\n",
    );
    let seed = Seed {
        extra: ALWAYS,
        instance_id: "rig-3",
        ..Seed::new("commands", FIRST)
    };
    machine.insert(&seed);
    // In the first boot the final stage runs it, in its turn; in the second one that stage has nothing to do.
    let first = "activating\nrig-3\nfirstlight-runcmd.service\n";
    let second = "inactive\nrig-3\nfirstlight-runcmd-at-boot.service\n";
    for (always, stages) in [
        (first.to_owned(), "active\nactive\n"),
        (format!("{first}{second}"), "inactive\ninactive\n"),
    ] {
        let seen = machine.boot(&[], FIRST, PASSWORD);
        let mut checks = Checks::new(test, "commands at each boot", &seen);
        checks.configured(&seed);
        checks.status("0");
        checks.generations(3);
        checks.equal(
            "what has run at each boot",
            seen.text("by-hand"),
            format!("{always}{stages}/run/firstlight/result.json\n\"done\",\nno drift"),
        );
        checks.finish();
    }

    machine.root.write("etc/systemd/system/killer.service", KILLER);
    machine.root.write("usr/lib/probe/killer", KILL);
    machine.root.write(
        "etc/systemd/system/multi-user.target.d/more.conf",
        "[Unit]\nWants=killer.service\n",
    );
    machine.root.write("usr/lib/probe/by-hand", "cat /var/log/killed");
    machine.insert(&Seed {
        extra: HANGING,
        instance_id: "rig-4",
        ..Seed::new("commands", FIRST)
    });
    let seen = machine.boot(&[], FIRST, PASSWORD);
    let mut checks = Checks::new(test, "killed while a command hangs", &seen);
    checks.equal(
        "what is said of it",
        seen.text("by-hand").trim_end(),
        "status: running\nthe final stage is running\nstatus: failed\n\
         firstlight-final.service was stopped before it was done\nruncmd has run for this instance and failed",
    );
    checks.finish();
}
