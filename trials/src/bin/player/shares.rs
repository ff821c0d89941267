//! The commands that are about shares.

use std::time::Duration;

use trials::lock::{Held, Kind, Patience};

use crate::commands::{Answer, Commands, number, refusal};

impl Commands {
    /// Does what the words say, if they are about shares.
    pub(crate) fn perform_on_shares(&mut self, words: &[&str]) -> Answer {
        let milliseconds =
            |word| Ok::<_, crate::commands::Refusal>(Patience::For(Duration::from_millis(number(word)?)));
        match *words {
            ["share"] => self.share(Kind::Shared, Patience::Endless),
            ["share-for", time] => self.share(Kind::Shared, milliseconds(time)?),
            ["try-share"] => self.share(Kind::Shared, Patience::None),
            ["slot", permits] => self.share(Kind::SlotOf(number(permits)?), Patience::Endless),
            ["slot-for", permits, time] => self.share(Kind::SlotOf(number(permits)?), milliseconds(time)?),
            ["try-slot", permits] => self.share(Kind::SlotOf(number(permits)?), Patience::None),
            ["downgrade"] => self.downgrade(),
            _ => Err(refusal("Usage", &words.join(" "))),
        }
    }

    fn share(&mut self, kind: Kind, patience: Patience) -> Answer {
        self.must_not_hold()?;
        Ok(match (self.adapter().ask(kind, patience)?, patience) {
            (Some(held), _) => self.keep(held, None),
            (None, Patience::None) => "would-block".into(),
            (None, _) => "timed-out".into(),
        })
    }

    fn downgrade(&mut self) -> Answer {
        match self.take()?.downgrade() {
            Ok(held) => Ok(self.keep(held, None)),
            Err(error) => {
                let refused = refusal(&format!("{:?}", error.error().kind()), &error.to_string());
                if let Some(guard) = error.into_guard() {
                    self.keep(Held::Lock(guard), None);
                }
                Err(refused)
            }
        }
    }
}
