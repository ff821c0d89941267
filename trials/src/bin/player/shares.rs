//! The commands that are about shares.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use trials::lock::{ErrorKind, Held, Kind, Patience};
use trials::sharing::witness::{What, Witness};
use trials::witness::now;

use crate::answer::{Answer, Refusal, number, refusal};
use crate::commands::Commands;

/// What a round of `mixed` chooses from.
struct Mix {
    micros: u64,
    slots: usize,
}

impl Commands {
    /// Does what the words say, if they are about shares.
    pub(crate) fn perform_on_shares(&mut self, words: &[&str]) -> Answer {
        let milliseconds = |word| Ok::<_, Refusal>(Patience::For(Duration::from_millis(number(word)?)));
        match *words {
            ["share"] => self.share(Kind::Shared, Patience::Endless),
            ["share-for", time] => self.share(Kind::Shared, milliseconds(time)?),
            ["try-share"] => self.share(Kind::Shared, Patience::None),
            ["slot", permits] => self.share(Kind::SlotOf(number(permits)?), Patience::Endless),
            ["slot-for", permits, time] => self.share(Kind::SlotOf(number(permits)?), milliseconds(time)?),
            ["try-slot", permits] => self.share(Kind::SlotOf(number(permits)?), Patience::None),
            ["downgrade"] => self.downgrade(),
            ["mixed", rounds, micros, slots, folder, name] => {
                let mix = Mix { micros: number(micros)?, slots: number(slots)? };
                self.mixed(number(rounds)?, &mix, &mut Witness::open(Path::new(folder), name))
            }
            ["reads", micros, folder, name] => self.reads(number(micros)?, Path::new(folder), name),
            ["once-marked", "shared"] => self.once_marked(Kind::Shared),
            ["once-marked", permits] => self.once_marked(Kind::SlotOf(number(permits)?)),
            _ => Err(refusal("Usage", &words.join(" "))),
        }
    }

    fn share(&mut self, kind: Kind, patience: Patience) -> Answer {
        self.must_not_hold()?;
        Ok(match (self.adapter().ask(kind, patience)?, patience) {
            (Some(held), _) => {
                let what = What::of(&held, kind);
                self.hold_share(held, what)
            }
            (None, Patience::None) => "would-block".into(),
            (None, _) => "timed-out".into(),
        })
    }

    fn downgrade(&mut self) -> Answer {
        match self.take()?.downgrade() {
            Ok(held) => Ok(self.hold_share(held, What::Downgraded)),
            Err(error) => {
                let refused = refusal(&format!("{:?}", error.error().kind()), &error.to_string());
                if let Some(guard) = error.into_guard() {
                    self.hold_share(Held::Lock(guard), What::Lock);
                }
                Err(refused)
            }
        }
    }

    fn mixed(&mut self, rounds: u64, mix: &Mix, witness: &mut Witness) -> Answer {
        self.must_not_hold()?;
        let (mut held, mut timed_out, mut cancelled, mut would_block, mut longest) = (0, 0, 0, 0, 0);
        for _ in 0..rounds {
            let (kind, patience) = self.choose(mix);
            let begin = now();
            match (self.adapter().ask(kind, patience)?, patience) {
                (Some(has), _) => {
                    held += 1;
                    longest = longest.max(now() - begin);
                    self.have(has, kind, mix, witness)?;
                }
                (None, Patience::For(_)) => timed_out += 1,
                (None, Patience::UntilDropped(_)) => cancelled += 1,
                (None, Patience::None) => would_block += 1,
                (None, Patience::Endless) => return Err(refusal("Gone", "an acquire without an end")),
            }
        }
        Ok(format!("done {held} {timed_out} {cancelled} {would_block} {longest}"))
    }

    /// Reads without pause, until there is a file `stop` in the folder.
    fn reads(&mut self, micros: u64, folder: &Path, name: &str) -> Answer {
        self.must_not_hold()?;
        let (stop, mut witness) = (folder.join("stop"), Witness::open(folder, name));
        let (mut held, mut refused) = (0, 0);
        while !stop.exists() {
            match self.adapter().ask(Kind::Shared, Patience::Endless) {
                Ok(share) => {
                    let hold = witness.begin(What::Shared);
                    // Not to wait for anything: this is how long it reads.
                    thread::sleep(Duration::from_micros(micros));
                    witness.end(hold);
                    share.map_or(Ok(()), Held::release)?;
                    held += 1;
                }
                // npm's package is about, which knows of no shares.
                Err(error) if error.kind() == ErrorKind::NoShares => refused += 1,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(format!("done {held} {refused}"))
    }

    fn choose(&mut self, mix: &Mix) -> (Kind, Patience) {
        let random = self.random();
        let kind = match random.below(16) {
            0..4 => Kind::Lock,
            4..9 => Kind::Shared,
            9..14 => Kind::SlotOf(mix.slots),
            14 => Kind::SlotOf(mix.slots + 1),
            _ => Kind::SlotOf(1.max(mix.slots - 1)),
        };
        // As long as it takes some of the others to have had their turn.
        let time = Duration::from_micros(random.below(8 * mix.micros + 1));
        let patience = match random.below(16) {
            0..2 => Patience::None,
            2..4 => Patience::UntilDropped(time),
            4..6 => Patience::For(time),
            _ => Patience::Endless,
        };
        (kind, patience)
    }

    fn have(&mut self, held: Held, kind: Kind, mix: &Mix, witness: &mut Witness) -> Result<(), Refusal> {
        let hold = witness.begin(What::of(&held, kind));
        self.last(mix);
        witness.end(hold);
        if kind != Kind::Lock || !self.random().once_in(4) {
            return Ok(held.release()?);
        }
        let held = held.downgrade().map_err(|error| Refusal::from(trials::lock::Error::from(error)))?;
        let hold = witness.begin(What::Downgraded);
        self.last(mix);
        witness.end(hold);
        Ok(held.release()?)
    }

    /// Keeps something for a while; now and then for longer than it takes the others to notice that a process is dead.
    fn last(&mut self, mix: &Mix) {
        let most = if self.random().once_in(16) { 16 * mix.micros } else { mix.micros };
        let (begin, time) = (Instant::now(), Duration::from_micros(self.random().below(most + 1)));
        // At least once, so that a second holder, if there is one, gets its chance.
        loop {
            thread::yield_now();
            if begin.elapsed() >= time {
                break;
            }
        }
    }
}
