//! The corpus of the target `machine`, replayed.

mod corpus;

#[test]
fn no_rule_is_broken() {
    corpus::replay("machine", fuzz_bodies::machine);
}
