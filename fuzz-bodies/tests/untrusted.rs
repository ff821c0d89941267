//! The corpus of the target `untrusted`, replayed: the only test in this file, since it counts the descriptors of the process.
//! Where we are not root it has nothing to do.

mod corpus;

#[test]
fn nothing_is_received_of_a_server_that_is_not_trusted() {
    corpus::replay("untrusted", fuzz_bodies::untrusted);
}
