//! The documentation of each adapter alone, as it is read without JavaScript: nothing that a user needs is elsewhere.

use std::fs;

use crate::command::{heading, root};
use crate::result::Result;

/// The libraries' crates, and the methods of `Slocket` that only some have.
const ADAPTERS: [(&str, &[&str]); 4] = [
    ("slocket_sync", &[]),
    ("slocket_tokio", &["acquire_blocking"]),
    ("slocket_smol", &["acquire_blocking"]),
    ("slocket_async_std", &["acquire_blocking"]),
];

/// What is documented of each type.
const METHODS: [(&str, &[&str]); 8] = [
    (
        "struct.Slocket.html",
        &[
            "new",
            "abstract_name",
            "builder",
            "name",
            "path",
            "acquire",
            "acquire_timeout",
            "acquire_until",
            "try_acquire",
            "with_lock",
            "holder",
            "adopt",
            "acquire_shared",
            "acquire_shared_timeout",
            "acquire_shared_until",
            "try_acquire_shared",
            "semaphore",
            "sharers",
        ],
    ),
    (
        "struct.Semaphore.html",
        &["new", "permits", "slocket", "path", "acquire", "acquire_timeout", "acquire_until", "try_acquire"],
    ),
    ("struct.SharedGuard.html", &["release", "name", "path", "pass_to"]),
    ("struct.Permit.html", &["index", "release", "name", "path", "pass_to"]),
    ("struct.Builder.html", &["mode", "stale", "occupied", "trust", "on_wait", "build"]),
    (
        "struct.Guard.html",
        &["release", "name", "path", "contended", "is_intact", "is_loan", "disown", "pass_to", "into_fd", "downgrade"],
    ),
    ("struct.Error.html", &["kind", "name", "holder", "sharers", "user", "detail", "io_error", "is_timed_out"]),
    ("struct.Disowned.html", &["adopt"]),
];

/// What the first page says.
const FIRST_PAGE: [&str; 7] = [
    "class=\"rust rust-example-rendered\"",
    "id=\"cancel-safety\"",
    "id=\"errors\"",
    "id=\"comparison\"",
    "id=\"features\"",
    "id=\"platform-support\"",
    "deadlock",
];

/// Looks at what `cargo doc` has made.
pub(crate) fn check(msrv: &str) -> Result {
    heading("docs, without JavaScript");
    let folder = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into).join("doc");
    let mut found = 0;
    for (adapter, own) in ADAPTERS {
        let page = |name: &str| {
            let path = folder.join(adapter).join(name);
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
        };
        let first = page("index.html")?;
        let promise = format!("Rust {msrv} or later");
        for text in FIRST_PAGE.into_iter().chain([&*promise]) {
            if !first.contains(text) {
                return Err(format!("the first page of {adapter} does not say {text}").into());
            }
        }
        for (name, methods) in METHODS {
            let text = page(name)?;
            let own = if name == "struct.Slocket.html" { own } else { &[] };
            for method in methods.iter().chain(own) {
                if !text.contains(&format!("id=\"method.{method}\"")) {
                    return Err(format!("{adapter}/{name} does not have {method}").into());
                }
                found += 1;
            }
        }
    }
    println!("{found} methods of {} adapters stand in their own pages", ADAPTERS.len());
    Ok(())
}
