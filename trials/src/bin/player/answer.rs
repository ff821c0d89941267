//! What a player answers.

use std::str::FromStr;

use trials::lock::Error;

/// Why a command was not done, as the answer says it.
pub(crate) struct Refusal {
    pub(crate) kind: String,
    pub(crate) message: String,
}

pub(crate) type Answer = Result<String, Refusal>;

/// An answer as it is told.
pub(crate) fn told(answer: Answer) -> String {
    answer.unwrap_or_else(|Refusal { kind, message }| format!("error {kind} {}", message.replace('\n', " ")))
}

pub(crate) fn number<T: FromStr>(word: &str) -> Result<T, Refusal> {
    word.parse().map_err(|_| refusal("Usage", word))
}

pub(crate) fn nothing_is_held() -> Refusal {
    refusal("Usage", "nothing is held")
}

pub(crate) fn refusal(kind: &str, message: &str) -> Refusal {
    Refusal { kind: kind.into(), message: message.into() }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        refusal(&format!("{:?}", error.kind()), &error.to_string())
    }
}
