//! The queue inside the process, and the lock that is retained there.

use interleavings::User::{Closes, Comes, GivesUp, Holds, LooksForUse};
use interleavings::{Scene, User, explore};

/// In every order, each thread holds the lock as often as it asks for it, and no two hold it at a time.
fn all(scene: fn() -> Scene, users: &'static [User], had: usize) {
    let runs = explore(move || {
        let scene = scene();
        scene.run(users);
        assert!(scene.had() >= had, "{} of {had}", scene.had());
    });
    println!("{runs} interleavings: {users:?}");
    assert!(runs > 10, "{runs}");
}

#[test]
fn clones_take_turns() {
    all(Scene::ordinary, &[Holds(1), Holds(1), Holds(1)], 3);
    all(Scene::ordinary, &[Holds(2), Holds(2)], 4);
    all(Scene::ordinary, &[Holds(1), GivesUp, Holds(1)], 2);
}

#[test]
fn clones_share_what_is_retained() {
    all(Scene::retained, &[Holds(2), Holds(2)], 5);
    all(Scene::retained, &[Holds(1), Holds(1), GivesUp], 3);
}

#[test]
fn the_thread_and_the_holder_do_not_meet() {
    all(Scene::retained, &[Holds(2), Comes], 3);
    all(Scene::retaining, &[Holds(2), Comes], 2);
    all(Scene::retained, &[Holds(2), LooksForUse], 3);
    all(Scene::retained, &[Holds(1), Comes, LooksForUse], 2);
    all(Scene::retained, &[Holds(1), Holds(1), Comes], 3);
}

#[test]
fn the_last_handle_gives_back_what_is_retained() {
    all(Scene::retained, &[Holds(2), Closes], 3);
    all(Scene::retained, &[Holds(1), Comes, Closes], 2);
}
