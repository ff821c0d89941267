# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_slocket_global_optspecs
    string join \n h/help V/version
end

function __fish_slocket_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_slocket_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_slocket_using_subcommand
    set -l cmd (__fish_slocket_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c slocket -n "__fish_slocket_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c slocket -n "__fish_slocket_needs_command" -s V -l version -d 'Print version'
complete -c slocket -n "__fish_slocket_needs_command" -f -a "run" -d 'Run a command while holding a lock'
complete -c slocket -n "__fish_slocket_needs_command" -f -a "status" -d 'Show the holder of a lock and its waiters, in order'
complete -c slocket -n "__fish_slocket_needs_command" -f -a "wait" -d 'Wait until a lock is free, without taking it'
complete -c slocket -n "__fish_slocket_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c slocket -n "__fish_slocket_using_subcommand run" -s w -l wait -d 'Wait no longer than this: 1.5, 1.5s, 200ms, 2m, 1h' -r
complete -c slocket -n "__fish_slocket_using_subcommand run" -s E -l conflict-exit-code -d 'Exit with this code, 0 to 255, if the lock is held' -r
complete -c slocket -n "__fish_slocket_using_subcommand run" -l mode -d 'Permissions of the lock, in octal [default: 0600]' -r
complete -c slocket -n "__fish_slocket_using_subcommand run" -s c -l command -d 'Run this line of shell instead of COMMAND' -r
complete -c slocket -n "__fish_slocket_using_subcommand run" -l slots -d 'Take one of N slots: at most N commands run at once' -r
complete -c slocket -n "__fish_slocket_using_subcommand run" -l home -d 'What the lock is: socket or file' -r
complete -c slocket -n "__fish_slocket_using_subcommand run" -s n -l nonblock -d 'Do not wait: give up at once if the lock is held'
complete -c slocket -n "__fish_slocket_using_subcommand run" -s q -l quiet -d 'Say nothing about a lock that is held'
complete -c slocket -n "__fish_slocket_using_subcommand run" -s o -l close -d 'Keep the lock from the command'
complete -c slocket -n "__fish_slocket_using_subcommand run" -s s -l shared -d 'Take a shared lock: many processes can have one at a time'
complete -c slocket -n "__fish_slocket_using_subcommand run" -s x -s e -l exclusive -d 'Take the lock itself: the default'
complete -c slocket -n "__fish_slocket_using_subcommand run" -l verbose -d 'Print how long it took to get the lock, and the command'
complete -c slocket -n "__fish_slocket_using_subcommand run" -s u -l unlock -d 'Of flock(1): refused, there is no descriptor to unlock'
complete -c slocket -n "__fish_slocket_using_subcommand run" -s F -l no-fork -d 'Of flock(1): refused, the tool stays while the command runs'
complete -c slocket -n "__fish_slocket_using_subcommand run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c slocket -n "__fish_slocket_using_subcommand status" -l json -d 'Write JSON: an object, or for a folder an array of them'
complete -c slocket -n "__fish_slocket_using_subcommand status" -l watch -d 'Keep showing it, until ^C'
complete -c slocket -n "__fish_slocket_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c slocket -n "__fish_slocket_using_subcommand wait" -s w -l wait -d 'Wait no longer than this: 1.5, 1.5s, 200ms, 2m, 1h' -r
complete -c slocket -n "__fish_slocket_using_subcommand wait" -l slots -d 'Wait until one of N slots is free' -r
complete -c slocket -n "__fish_slocket_using_subcommand wait" -s s -l shared -d 'Wait until a shared lock is available'
complete -c slocket -n "__fish_slocket_using_subcommand wait" -s q -l quiet -d 'Say nothing about a lock that is held'
complete -c slocket -n "__fish_slocket_using_subcommand wait" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c slocket -n "__fish_slocket_using_subcommand help; and not __fish_seen_subcommand_from run status wait help" -f -a "run" -d 'Run a command while holding a lock'
complete -c slocket -n "__fish_slocket_using_subcommand help; and not __fish_seen_subcommand_from run status wait help" -f -a "status" -d 'Show the holder of a lock and its waiters, in order'
complete -c slocket -n "__fish_slocket_using_subcommand help; and not __fish_seen_subcommand_from run status wait help" -f -a "wait" -d 'Wait until a lock is free, without taking it'
complete -c slocket -n "__fish_slocket_using_subcommand help; and not __fish_seen_subcommand_from run status wait help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
