//! Mutual exclusion among processes, by two independent witnesses.

use trials::witness::Report;
use trials::{Adapter, Place, Player, alone, at_path_and_name, in_file, node_or_skip, tell};

at_path_and_name! { ten_thousand_acquisitions_by_eight_processes one_process_again_and_again no_process_queues }
in_file! { ten_thousand_acquisitions_by_eight_processes one_process_again_and_again no_process_queues }

fn ten_thousand_acquisitions_by_eight_processes(place: &Place) {
    let _alone = alone();
    // (How a file is locked is the same with each adapter, and takes longer.)
    let is_short = place.is_in_file() && Adapter::under_trial() != Adapter::Sync;
    contend(place, &[Adapter::under_trial(); 8], if is_short { 250 } else { 1250 });
}

#[test]
fn four_node_and_four_blocking_processes() {
    if !node_or_skip() {
        return;
    }
    let _alone = alone();
    contend(&Place::new(), &[Adapter::Node, Adapter::under_trial()].repeat(4), 1250);
}

/// As npm's "3 serial locks".
fn one_process_again_and_again(place: &Place) {
    let _alone = alone();
    contend(place, &[Adapter::under_trial()], 1000);
}

/// No process queues, so every hold is a new socket at the path, and all others probe it in the very instant it appears.
fn no_process_queues(place: &Place) {
    const PLAYERS: u64 = 4;
    // So many that no player comes to its end in one turn of the processor, on a busy machine either.
    let rounds = if place.is_in_file() { 3_000 } else { 10_000 };
    let _alone = alone();
    let mut players: Vec<_> = (0..PLAYERS).map(|_| Player::start(Adapter::under_trial(), &place.lock())).collect();
    for player in &mut players {
        player.begin_tries(rounds, place);
    }
    let mut blocked = 0;
    for player in &players {
        let answer = player.answer();
        let would_block = answer.strip_prefix(&format!("done {rounds} ")).and_then(|number| number.parse::<u64>().ok());
        blocked += would_block.unwrap_or_else(|| panic!("{answer}"));
    }
    players.into_iter().for_each(Player::quit);
    let turns = turns(&place.assert_exclusive(PLAYERS * rounds));
    assert!(turns > PLAYERS as usize * 4, "the players did not contend: {turns} turns");
    let holds = PLAYERS * rounds;
    tell(format!("exclusion: {PLAYERS} processes, {holds} tries held, {turns} turns, {blocked} would have blocked"));
}

fn contend(place: &Place, adapters: &[Adapter], rounds: u64) {
    let mut players: Vec<_> = adapters.iter().map(|adapter| Player::start(*adapter, &place.lock())).collect();
    for player in &mut players {
        player.begin_rounds(rounds, 0, place);
    }
    let resets: u64 = players.iter().map(|player| player.expect_done(rounds)).sum();
    for player in players {
        player.quit();
    }
    let report = place.assert_exclusive(rounds * adapters.len() as u64);
    let turns = turns(&report);
    assert!(adapters.len() == 1 || turns > adapters.len(), "the players did not contend: {turns} turns");
    let (processes, holds) = (adapters.len(), report.intervals.len());
    tell(format!("exclusion: {processes} processes, {holds} acquisitions, {turns} turns, 0 overlaps, nothing left"));
    if adapters.contains(&Adapter::Node) {
        tell(format!(
            "exclusion: the npm package gave up as an npm server closed, and was asked again, {resets} times"
        ));
    }
}

/// How often the lock went from one process to another.
fn turns(report: &Report) -> usize {
    report.order().windows(2).filter(|pair| pair[0] != pair[1]).count()
}
