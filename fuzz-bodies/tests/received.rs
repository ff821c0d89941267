//! The corpus of the target `received`, replayed: the only test in this file, since it counts the descriptors of the process.

mod corpus;

#[test]
fn nothing_is_believed_that_should_not_be() {
    corpus::replay("received", fuzz_bodies::received);
}
