//! The corpus of the target `clients`, replayed: the only test in this file, since it counts the descriptors of the process.

mod corpus;

#[test]
fn the_first_live_waiter_gets_the_lock_and_no_other() {
    corpus::replay("clients", fuzz_bodies::clients);
}
