//! What a future of this adapter is.

use std::time::{Duration, Instant};

use slocket_tokio::{Guard, Slocket};

fn is_send<T: Send>(value: T) -> T {
    value
}

#[test]
fn futures_and_guards_move_between_threads() {
    fn is_send_sync_static<T: Send + Sync + 'static>() {}
    is_send_sync_static::<Guard>();
    is_send_sync_static::<Slocket>();
    let folder = tempfile::tempdir().unwrap();
    let slocket = Slocket::new(folder.path().join("lock")).unwrap();
    drop(is_send(slocket.acquire()));
    drop(is_send(slocket.acquire_until(Instant::now())));
    drop(is_send(slocket.with_lock(|| async {})));
    drop(is_send(slocket.acquire_timeout(Duration::ZERO)));
}

#[tokio::test]
async fn two_locks_on_one_path_take_turns() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lock");
    let (first, second) = (Slocket::new(&path).unwrap(), Slocket::new(&path).unwrap());
    let guard = first.acquire().await.unwrap();
    assert!(second.try_acquire().unwrap_err().is_would_block());
    assert!(first.try_acquire().unwrap_err().is_would_block());
    let (outside, inside) = (second.clone(), first.clone());
    let outside = tokio::spawn(async move { outside.acquire().await.unwrap().release().unwrap() });
    let inside = tokio::spawn(async move { inside.acquire().await.unwrap().release().unwrap() });
    while !guard.contended() {
        tokio::task::yield_now().await;
    }
    guard.release().unwrap();
    outside.await.unwrap();
    inside.await.unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_time_out_and_a_drop_leave_the_queue() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lock");
    let (first, second) = (Slocket::new(&path).unwrap(), Slocket::new(&path).unwrap());
    let guard = first.acquire().await.unwrap();
    for slocket in [&first, &second] {
        let error = slocket.acquire_timeout(Duration::from_millis(5)).await.unwrap_err();
        assert!(error.is_timed_out() && error.holder().is_some(), "{error}");
        assert!(tokio::time::timeout(Duration::from_millis(5), slocket.acquire()).await.is_err());
    }
    guard.release().unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    second.try_acquire().expect("no task waits any more").release().unwrap();
}
