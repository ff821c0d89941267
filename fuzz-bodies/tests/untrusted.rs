//! The corpus of the target `untrusted`, replayed: the only test in this file, since it counts the descriptors of the process.

mod corpus;

use std::io::Write;

#[test]
fn nothing_is_received_of_a_server_that_is_not_trusted() {
    if !fuzz_bodies::can_be_another_user() {
        let line = "SKIPPED: it needs root, and we are not";
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{line}, which CI must not skip");
        // Not captured by the harness.
        let _ = writeln!(std::io::stderr(), "nothing_is_received_of_a_server_that_is_not_trusted: {line}");
        return;
    }
    corpus::replay("untrusted", fuzz_bodies::untrusted);
}
