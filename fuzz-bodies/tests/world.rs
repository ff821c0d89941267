//! The corpus of the target `world`, replayed.

mod corpus;

#[test]
fn no_promise_is_broken() {
    corpus::replay("world", fuzz_bodies::world);
}
