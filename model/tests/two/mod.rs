//! Two threads: as many as there are processors where the tests are run for a change.

use std::sync::Mutex;
use std::thread;

/// Does it for each of them, two at a time.
pub(crate) fn at_a_time<T: Send>(items: impl Iterator<Item = T> + Send, each: impl Fn(T) + Sync) {
    let todo = Mutex::new(items);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(item) = { todo.lock().unwrap().next() } {
                    each(item);
                }
            });
        }
    });
}
