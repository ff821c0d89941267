//! Which of the model's facts are others on other kernels, and what is there instead.

use super::kernel::Kernel;

/// One way in which a kernel differs.
pub(super) struct Difference {
    /// What is there instead.
    pub(super) what: &'static str,
    /// What each of these facts fails with there: the table must be wrong otherwise.
    pub(super) fails_with: &'static str,
    pub(super) facts: &'static [&'static str],
}

impl Kernel {
    /// What differs, on the file system of the root folder (if there is another one than tmpfs) and on tmpfs.
    pub(super) fn differences(self, on_root: bool) -> Vec<&'static Difference> {
        match (self, on_root) {
            (Self::Gvisor, true) => GVISOR.iter().chain(GVISOR_ON_ROOT).collect(),
            (Self::Gvisor, false) => GVISOR.iter().collect(),
            (Self::Linux6 | Self::Linux5, _) => Vec::new(),
        }
    }

    /// Facts that are not asked, and why.
    pub(super) fn not_asked(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Gvisor => &[],
            Self::Linux6 | Self::Linux5 => &[(
                "visible::a_probe_can_call_a_socket_dead_that_is_being_bound",
                "a single processor does not come by inside bind",
            )],
        }
    }
}

/// What slocket does about the first, section 5 of docs/protocol.md says: the kernel is asked before it is believed.
const GVISOR: &[Difference] = &[
    Difference {
        what: "a datagram connect is refused by every stream socket, the living too: no probe",
        fails_with: "ConnectionRefused",
        facts: &[
            "copies::a_copy_of_a_listener_keeps_it_alive_with_its_queue",
            "death::a_message_to_a_killed_process_dies_with_it",
            "death::a_socket_that_two_processes_have_open_is_alive_until_both_are_dead",
            "death::the_listener_of_a_killed_process_is_dead_once_it_was_waited_for",
            "inode::a_pinned_socket_is_reached_whatever_its_name_is",
            "message::a_listener_is_alive_while_only_a_message_carries_it",
            "message::a_send_that_fails_keeps_nothing",
            "message::it_is_alive_in_a_connection_that_is_not_accepted_and_dies_with_that_queue",
            "probe::a_listener_is_alive_and_its_queue_is_empty_afterwards",
            "probe::a_listener_that_refuses_or_whose_queue_is_full_is_alive",
            "probe::a_socket_that_is_bound_and_does_not_listen_is_alive",
            "probe::another_socket_at_the_same_path_does_not_make_the_first_alive",
        ],
    },
    Difference {
        what: "the same, with the guards",
        fails_with: "(0, 500)",
        facts: &["visible::no_probe_does_under_the_guards"],
    },
    Difference {
        what: "a FIFO that had no writer when it was opened reports a hang-up at once (it is read before it is polled)",
        fails_with: "the model takes it for deaf",
        facts: &["fifo::no_hang_up_is_reported_if_it_had_no_writer_when_it_was_opened"],
    },
    Difference {
        what: "a listener cannot be shut down for reading",
        fails_with: "NotConnected",
        facts: &[
            "abstract_name::a_shutdown_refuses_and_keeps_the_name",
            "copies::a_listener_that_refuses_refuses_whatever_copies_there_are",
            "queue::a_listener_shut_down_for_reading_refuses_newcomers_and_keeps_its_queue",
        ],
    },
    Difference {
        what: "a client in the queue of a listener that is closed sees an end, not a reset",
        fails_with: "ConnectionReset",
        facts: &[
            "abstract_name::it_is_free_whatever_connections_are_left",
            "abstract_name::it_is_kept_by_a_message_and_freed_with_the_receiver_that_has_not_read_it",
            "message::it_dies_with_the_receiver_that_has_not_read_it_and_resets_its_queue",
            "queue::a_listener_that_is_closed_resets_clients_that_it_had_not_accepted",
        ],
    },
    Difference {
        what: "a reset is said at every read, not once before the end",
        fails_with: "ConnectionReset",
        facts: &["stream::a_client_that_closes_with_something_unread_resets_the_server"],
    },
    Difference {
        what: "SO_PEERCRED names the process that asks instead of the peer",
        fails_with: "left == right",
        facts: &["queue::listening_again_names_the_new_holder_and_keeps_the_queue"],
    },
    Difference {
        what: "a descriptor that there is no room for is lost without a word",
        fails_with: "(true, false)",
        facts: &["descriptors::a_listener_without_a_descriptor_is_cut_off_and_dies"],
    },
    Difference {
        what: "an accept without a descriptor still takes a client out of the queue",
        fails_with: "WouldBlock",
        facts: &["descriptors::an_accept_that_fails_for_want_of_a_descriptor_takes_no_client_out_of_the_queue"],
    },
    Difference {
        what: "an abstract name is one, whatever the type of its socket",
        fails_with: "AddrInUse",
        facts: &["abstract_name::the_type_of_the_socket_is_a_part_of_the_name"],
    },
    Difference {
        what: "an abstract name may not end with a slash",
        fails_with: "IsADirectory",
        facts: &["abstract_name::longer_names_are_others"],
    },
    Difference {
        what: "a chmod leaves mtime and ctime apart, even right after bind",
        fails_with: "the model lets a chmod leave the times alike",
        facts: &["times::chmod_in_the_tick_of_the_bind_leaves_the_times_alike"],
    },
];

const GVISOR_ON_ROOT: &[Difference] = &[
    Difference {
        what: "where something was removed, a rename that replaces nothing says that something is there",
        fails_with: "AlreadyExists",
        facts: &["path::a_rename_without_replacing_replaces_nothing"],
    },
    Difference {
        what: "bind leaves mtime and ctime apart: no mark from birth",
        fails_with: "are_alike(path)",
        facts: &["times::bind_leaves_both_times_alike"],
    },
    Difference {
        what: "the same, at the end of the fact",
        fails_with: "the other one is not meant",
        facts: &["times::a_time_is_set_through_a_pin_whatever_the_name_is"],
    },
];
