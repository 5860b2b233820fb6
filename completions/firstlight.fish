# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_firstlight_global_optspecs
    string join \n root= format= source= v/verbose h/help V/version
end

function __fish_firstlight_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_firstlight_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_firstlight_using_subcommand
    set -l cmd (__fish_firstlight_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c firstlight -n "__fish_firstlight_needs_command" -l root -d 'Work on the system in this directory instead of the running one; nothing in it is executed' -r -F
complete -c firstlight -n "__fish_firstlight_needs_command" -l format -d 'How results are printed' -r -f -a "human\t'For people'
json\t'For programs; the format is stable'
sarif\t'For CI systems, which show it beside the line; only of `validate`'"
complete -c firstlight -n "__fish_firstlight_needs_command" -l source -d 'Use only this source, optionally at this place (see `firstlight sources --help`)' -r
complete -c firstlight -n "__fish_firstlight_needs_command" -s v -l verbose -d 'Print more details; give it twice for everything'
complete -c firstlight -n "__fish_firstlight_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c firstlight -n "__fish_firstlight_needs_command" -s V -l version -d 'Print version'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "plan" -d 'Show what would change as a diff'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "apply" -d 'Configure the machine as the document specifies'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "confirm" -d 'Keep the changes of `apply --confirm`'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "rollback" -d 'Undo a generation and all later ones'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "history" -d 'List the generations'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "sources" -d 'Show what each source has and which one is chosen'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "status" -d 'Show how the boot went and which generation is in force'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "validate" -d 'Check documents and report all problems; changes nothing'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "explain" -d 'Explain the code of a diagnostic, such as unknown-key, with an example'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "schema" -d 'Print the JSON Schema of an input or an output, for editors and programs'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "completions" -d 'Print the completion script of a shell'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "boot" -d 'Run one stage of the boot (used by the systemd units)'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "run-script" -d 'Run a script of the document and record how it goes (used by the units of commands)'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c firstlight -n "__fish_firstlight_using_subcommand plan" -l only -d 'Only this module; can be repeated' -r -f -a "random_seed\t''
hostname\t''
timezone\t''
locale\t''
keymap\t''
kernel_modules\t''
sysctl\t''
network\t''
networkd_files\t''
users\t''
host_keys\t''
sshd\t''
password\t''
ssh_authorized_keys\t''
rsyslog\t''
write_files\t''
networkd\t''
resolv_conf\t''
bootcmd\t''
ca_certs\t''
random_seed_command\t''
tmpfiles\t''
units\t''
services\t''
ntp\t''
docker\t''
apt\t''
yum_repos\t''
packages\t''
selinux_users\t''
runcmd\t''
ssh_fingerprints\t''
phone_home\t''
reporting\t''
final_message\t''
power_state\t''"
complete -c firstlight -n "__fish_firstlight_using_subcommand plan" -l network-graph -d 'Draw the network as it will be, as an SVG image; `-` prints it instead of the plan' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand plan" -l root -d 'Work on the system in this directory instead of the running one; nothing in it is executed' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand plan" -l format -d 'How results are printed' -r -f -a "human\t'For people'
json\t'For programs; the format is stable'
sarif\t'For CI systems, which show it beside the line; only of `validate`'"
complete -c firstlight -n "__fish_firstlight_using_subcommand plan" -l source -d 'Use only this source, optionally at this place (see `firstlight sources --help`)' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand plan" -l exit-code -d 'Exit with status 3 if something would change'
complete -c firstlight -n "__fish_firstlight_using_subcommand plan" -s v -l verbose -d 'Print more details; give it twice for everything'
complete -c firstlight -n "__fish_firstlight_using_subcommand plan" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c firstlight -n "__fish_firstlight_using_subcommand apply" -l only -d 'Only this module; can be repeated' -r -f -a "random_seed\t''
hostname\t''
timezone\t''
locale\t''
keymap\t''
kernel_modules\t''
sysctl\t''
network\t''
networkd_files\t''
users\t''
host_keys\t''
sshd\t''
password\t''
ssh_authorized_keys\t''
rsyslog\t''
write_files\t''
networkd\t''
resolv_conf\t''
bootcmd\t''
ca_certs\t''
random_seed_command\t''
tmpfiles\t''
units\t''
services\t''
ntp\t''
docker\t''
apt\t''
yum_repos\t''
packages\t''
selinux_users\t''
runcmd\t''
ssh_fingerprints\t''
phone_home\t''
reporting\t''
final_message\t''
power_state\t''"
complete -c firstlight -n "__fish_firstlight_using_subcommand apply" -l confirm -d 'Undo all changes after this time (90s, 2m, 1h) unless `firstlight confirm` is run' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand apply" -l root -d 'Work on the system in this directory instead of the running one; nothing in it is executed' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand apply" -l format -d 'How results are printed' -r -f -a "human\t'For people'
json\t'For programs; the format is stable'
sarif\t'For CI systems, which show it beside the line; only of `validate`'"
complete -c firstlight -n "__fish_firstlight_using_subcommand apply" -l source -d 'Use only this source, optionally at this place (see `firstlight sources --help`)' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand apply" -l again -d 'Apply the document in force again, which repairs drift'
complete -c firstlight -n "__fish_firstlight_using_subcommand apply" -l run-again -d 'Run commands and scripts again that have run for this instance'
complete -c firstlight -n "__fish_firstlight_using_subcommand apply" -s v -l verbose -d 'Print more details; give it twice for everything'
complete -c firstlight -n "__fish_firstlight_using_subcommand apply" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c firstlight -n "__fish_firstlight_using_subcommand confirm" -l root -d 'Work on the system in this directory instead of the running one; nothing in it is executed' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand confirm" -l format -d 'How results are printed' -r -f -a "human\t'For people'
json\t'For programs; the format is stable'
sarif\t'For CI systems, which show it beside the line; only of `validate`'"
complete -c firstlight -n "__fish_firstlight_using_subcommand confirm" -l source -d 'Use only this source, optionally at this place (see `firstlight sources --help`)' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand confirm" -s v -l verbose -d 'Print more details; give it twice for everything'
complete -c firstlight -n "__fish_firstlight_using_subcommand confirm" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollback" -l root -d 'Work on the system in this directory instead of the running one; nothing in it is executed' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand rollback" -l format -d 'How results are printed' -r -f -a "human\t'For people'
json\t'For programs; the format is stable'
sarif\t'For CI systems, which show it beside the line; only of `validate`'"
complete -c firstlight -n "__fish_firstlight_using_subcommand rollback" -l source -d 'Use only this source, optionally at this place (see `firstlight sources --help`)' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand rollback" -l resume -d 'Resume a rollback that did not finish'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollback" -l unconfirmed -d 'Used by the timer of `apply --confirm`: undo the generation unless it was confirmed'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollback" -s v -l verbose -d 'Print more details; give it twice for everything'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollback" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c firstlight -n "__fish_firstlight_using_subcommand history" -l root -d 'Work on the system in this directory instead of the running one; nothing in it is executed' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand history" -l format -d 'How results are printed' -r -f -a "human\t'For people'
json\t'For programs; the format is stable'
sarif\t'For CI systems, which show it beside the line; only of `validate`'"
complete -c firstlight -n "__fish_firstlight_using_subcommand history" -l source -d 'Use only this source, optionally at this place (see `firstlight sources --help`)' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand history" -s v -l verbose -d 'Print more details; give it twice for everything'
complete -c firstlight -n "__fish_firstlight_using_subcommand history" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c firstlight -n "__fish_firstlight_using_subcommand sources" -l root -d 'Work on the system in this directory instead of the running one; nothing in it is executed' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand sources" -l format -d 'How results are printed' -r -f -a "human\t'For people'
json\t'For programs; the format is stable'
sarif\t'For CI systems, which show it beside the line; only of `validate`'"
complete -c firstlight -n "__fish_firstlight_using_subcommand sources" -l source -d 'Use only this source, optionally at this place (see `firstlight sources --help`)' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand sources" -s v -l verbose -d 'Print more details; give it twice for everything'
complete -c firstlight -n "__fish_firstlight_using_subcommand sources" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c firstlight -n "__fish_firstlight_using_subcommand status" -l root -d 'Work on the system in this directory instead of the running one; nothing in it is executed' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand status" -l format -d 'How results are printed' -r -f -a "human\t'For people'
json\t'For programs; the format is stable'
sarif\t'For CI systems, which show it beside the line; only of `validate`'"
complete -c firstlight -n "__fish_firstlight_using_subcommand status" -l source -d 'Use only this source, optionally at this place (see `firstlight sources --help`)' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand status" -l wait -d 'Wait until firstlight has finished in this boot'
complete -c firstlight -n "__fish_firstlight_using_subcommand status" -l drift -d 'Show drift: what has changed since firstlight configured it; exit with status 3 if there is any'
complete -c firstlight -n "__fish_firstlight_using_subcommand status" -s v -l verbose -d 'Print more details; give it twice for everything'
complete -c firstlight -n "__fish_firstlight_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c firstlight -n "__fish_firstlight_using_subcommand validate" -l kind -d 'What the documents are [default: decided by name, then by keys]' -r -f -a "user-data\t'The configuration of the machine; also vendor-data'
meta-data\t'The identity of the machine'
network-config\t'The network configuration of a seed'
settings\t'The settings of the machine\'s owner, /etc/firstlight/config.yaml'"
complete -c firstlight -n "__fish_firstlight_using_subcommand validate" -l root -d 'Work on the system in this directory instead of the running one; nothing in it is executed' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand validate" -l format -d 'How results are printed' -r -f -a "human\t'For people'
json\t'For programs; the format is stable'
sarif\t'For CI systems, which show it beside the line; only of `validate`'"
complete -c firstlight -n "__fish_firstlight_using_subcommand validate" -l source -d 'Use only this source, optionally at this place (see `firstlight sources --help`)' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand validate" -l fix -d 'Rewrite what takes no judgement: tabs, old spellings, keys in the wrong case; everything else stays as it is'
complete -c firstlight -n "__fish_firstlight_using_subcommand validate" -l network-config -d 'The same as --kind network-config'
complete -c firstlight -n "__fish_firstlight_using_subcommand validate" -s v -l verbose -d 'Print more details; give it twice for everything'
complete -c firstlight -n "__fish_firstlight_using_subcommand validate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c firstlight -n "__fish_firstlight_using_subcommand explain" -l root -d 'Work on the system in this directory instead of the running one; nothing in it is executed' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand explain" -l format -d 'How results are printed' -r -f -a "human\t'For people'
json\t'For programs; the format is stable'
sarif\t'For CI systems, which show it beside the line; only of `validate`'"
complete -c firstlight -n "__fish_firstlight_using_subcommand explain" -l source -d 'Use only this source, optionally at this place (see `firstlight sources --help`)' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand explain" -s v -l verbose -d 'Print more details; give it twice for everything'
complete -c firstlight -n "__fish_firstlight_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c firstlight -n "__fish_firstlight_using_subcommand schema" -l root -d 'Work on the system in this directory instead of the running one; nothing in it is executed' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand schema" -l format -d 'How results are printed' -r -f -a "human\t'For people'
json\t'For programs; the format is stable'
sarif\t'For CI systems, which show it beside the line; only of `validate`'"
complete -c firstlight -n "__fish_firstlight_using_subcommand schema" -l source -d 'Use only this source, optionally at this place (see `firstlight sources --help`)' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand schema" -s v -l verbose -d 'Print more details; give it twice for everything'
complete -c firstlight -n "__fish_firstlight_using_subcommand schema" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c firstlight -n "__fish_firstlight_using_subcommand completions" -l root -d 'Work on the system in this directory instead of the running one; nothing in it is executed' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand completions" -l format -d 'How results are printed' -r -f -a "human\t'For people'
json\t'For programs; the format is stable'
sarif\t'For CI systems, which show it beside the line; only of `validate`'"
complete -c firstlight -n "__fish_firstlight_using_subcommand completions" -l source -d 'Use only this source, optionally at this place (see `firstlight sources --help`)' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand completions" -s v -l verbose -d 'Print more details; give it twice for everything'
complete -c firstlight -n "__fish_firstlight_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c firstlight -n "__fish_firstlight_using_subcommand boot" -l stage -d 'The stage of the boot' -r -f -a "local\t'Writes the files, before the network starts'
system\t'Manages the units and services, once the system bus is up'
final\t'Fetches and applies a document that needs the network'"
complete -c firstlight -n "__fish_firstlight_using_subcommand boot" -l root -d 'Work on the system in this directory instead of the running one; nothing in it is executed' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand boot" -l format -d 'How results are printed' -r -f -a "human\t'For people'
json\t'For programs; the format is stable'
sarif\t'For CI systems, which show it beside the line; only of `validate`'"
complete -c firstlight -n "__fish_firstlight_using_subcommand boot" -l source -d 'Use only this source, optionally at this place (see `firstlight sources --help`)' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand boot" -s v -l verbose -d 'Print more details; give it twice for everything'
complete -c firstlight -n "__fish_firstlight_using_subcommand boot" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c firstlight -n "__fish_firstlight_using_subcommand run-script" -l wait -d 'Wait so many seconds for a firstlight that is changing this machine' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand run-script" -l prefix -d 'A program, and then each of its arguments, that runs the script\'s interpreter' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand run-script" -l root -d 'Work on the system in this directory instead of the running one; nothing in it is executed' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand run-script" -l format -d 'How results are printed' -r -f -a "human\t'For people'
json\t'For programs; the format is stable'
sarif\t'For CI systems, which show it beside the line; only of `validate`'"
complete -c firstlight -n "__fish_firstlight_using_subcommand run-script" -l source -d 'Use only this source, optionally at this place (see `firstlight sources --help`)' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand run-script" -s v -l verbose -d 'Print more details; give it twice for everything'
complete -c firstlight -n "__fish_firstlight_using_subcommand run-script" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from plan apply confirm rollback history sources status validate explain schema completions boot run-script help" -f -a "plan" -d 'Show what would change as a diff'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from plan apply confirm rollback history sources status validate explain schema completions boot run-script help" -f -a "apply" -d 'Configure the machine as the document specifies'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from plan apply confirm rollback history sources status validate explain schema completions boot run-script help" -f -a "confirm" -d 'Keep the changes of `apply --confirm`'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from plan apply confirm rollback history sources status validate explain schema completions boot run-script help" -f -a "rollback" -d 'Undo a generation and all later ones'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from plan apply confirm rollback history sources status validate explain schema completions boot run-script help" -f -a "history" -d 'List the generations'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from plan apply confirm rollback history sources status validate explain schema completions boot run-script help" -f -a "sources" -d 'Show what each source has and which one is chosen'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from plan apply confirm rollback history sources status validate explain schema completions boot run-script help" -f -a "status" -d 'Show how the boot went and which generation is in force'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from plan apply confirm rollback history sources status validate explain schema completions boot run-script help" -f -a "validate" -d 'Check documents and report all problems; changes nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from plan apply confirm rollback history sources status validate explain schema completions boot run-script help" -f -a "explain" -d 'Explain the code of a diagnostic, such as unknown-key, with an example'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from plan apply confirm rollback history sources status validate explain schema completions boot run-script help" -f -a "schema" -d 'Print the JSON Schema of an input or an output, for editors and programs'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from plan apply confirm rollback history sources status validate explain schema completions boot run-script help" -f -a "completions" -d 'Print the completion script of a shell'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from plan apply confirm rollback history sources status validate explain schema completions boot run-script help" -f -a "boot" -d 'Run one stage of the boot (used by the systemd units)'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from plan apply confirm rollback history sources status validate explain schema completions boot run-script help" -f -a "run-script" -d 'Run a script of the document and record how it goes (used by the units of commands)'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from plan apply confirm rollback history sources status validate explain schema completions boot run-script help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
