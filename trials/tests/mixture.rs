//! One lock, mixed: processes of every runtime and of npm's package at once.

use trials::{Adapter, Place, Player, alone, node_or_skip, tell};

const ACQUISITIONS: u64 = 20_000;

#[test]
fn processes_of_every_runtime() {
    let _alone = alone();
    contend(&Adapter::OURS);
}

#[test]
fn processes_of_every_runtime_and_of_npm() {
    if !node_or_skip() {
        return;
    }
    let _alone = alone();
    // As many as divide the acquisitions.
    let mut adapters = Adapter::OURS.to_vec();
    adapters.extend([Adapter::Node; 3]);
    contend(&adapters);
}

fn contend(adapters: &[Adapter]) {
    let place = Place::new();
    let rounds = ACQUISITIONS / adapters.len() as u64;
    let mut players: Vec<_> = adapters.iter().map(|adapter| Player::start(*adapter, &place.lock())).collect();
    for player in &mut players {
        player.begin_rounds(rounds, 0, &place);
    }
    let resets: u64 = players.iter().map(|player| player.expect_done(rounds)).sum();
    players.into_iter().for_each(Player::quit);
    let report = place.assert_exclusive(ACQUISITIONS);
    assert_eq!(report.per_process().len(), adapters.len(), "every process held");
    let turns = report.order().windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert!(turns > adapters.len(), "the players did not contend: {turns} turns");
    let names: Vec<_> = adapters.iter().map(|adapter| adapter.name()).collect();
    tell(format!(
        "mixture: {}: {ACQUISITIONS} acquisitions, {turns} turns, 0 overlaps, nothing left; npm asked again {resets} times",
        names.join(" ")
    ));
}
