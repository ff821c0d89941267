//! A holder of a slot is killed: the first in line has that very slot.

use std::collections::VecDeque;
use std::fs;

use trials::sharing::witness::What;
use trials::{Adapter, Place, Player, alone, tell, wait_until_queued, witness};

const SLOTS: usize = 4;
const WAITERS: usize = 8;
const ROUNDS: usize = 50;

#[test]
fn the_first_in_line_has_the_slot_of_a_holder_that_is_killed() {
    let _alone = alone();
    let place = Place::new();
    let player = || {
        let mut player = Player::start(Adapter::under_trial(), &place.lock());
        player.witness_shares(&place);
        player
    };
    let mut holders: Vec<_> = (0..SLOTS).map(|_| player()).collect();
    for (slot, holder) in holders.iter_mut().enumerate() {
        assert_eq!(holder.slot(SLOTS), slot);
    }
    let mut waiters: VecDeque<Player> = VecDeque::new();
    let mut kills = Vec::new();
    for round in 0..ROUNDS {
        // The first waits with the lock in hand, the others behind it.
        while waiters.len() < WAITERS {
            let mut waiter = player();
            waiter.send(format!("slot {SLOTS}"));
            if waiters.is_empty() {
                trials::watch_for("the first to have the lock in hand", || trials::queue::listener(&place.lock()));
            } else {
                wait_until_queued(&place.lock(), waiters.len());
            }
            waiters.push_back(waiter);
        }
        let slot = round * 3 % SLOTS;
        let first = waiters.pop_front().expect("a waiter");
        let name = first.name().to_owned();
        let holder = std::mem::replace(&mut holders[slot], first);
        let killed = witness::now();
        fs::write(place.log(holder.name()).with_extension("killed"), killed.to_string()).expect("a note");
        holder.kill();
        assert_eq!(holders[slot].expect_slot(), slot, "of the one that was killed");
        assert!(waiters.iter().all(|waiter| waiter.answer_now().is_none()), "all slots are taken");
        kills.push((name, slot, killed));
    }
    for waiter in waiters {
        holders[0].release();
        assert_eq!(waiter.expect_slot(), 0, "of the one that was released");
        std::mem::replace(&mut holders[0], waiter).quit();
    }
    for mut holder in holders {
        holder.release();
        holder.quit();
    }

    let report = place.assert_shared();
    let mut delays: Vec<f64> = Vec::new();
    for (name, slot, killed) in kills {
        let next = report.holds.iter().find(|hold| hold.start > killed).expect("a hold after the kill");
        assert_eq!((&next.who, next.what), (&name, What::Slot { index: slot, of: SLOTS }));
        delays.push((next.start - killed) as f64 / 1e6);
    }
    delays.sort_by(f64::total_cmp);
    tell(format!(
        "shares: from the kill of a holder of 1 of {SLOTS} slots to its next hold, {WAITERS} waiters, {ROUNDS} rounds: median \
         {:.2} ms, least {:.2} ms, most {:.2} ms",
        delays[ROUNDS / 2],
        delays[0],
        delays[ROUNDS - 1]
    ));
}
