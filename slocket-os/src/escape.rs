//! Names in messages: what would do something to a terminal is written as its escape.

use std::borrow::Cow;

/// Whether the character could mislead a terminal or a reader: control characters (escape sequences begin with one, and
/// a line feed starts a new line), and characters that change the order in which letters are shown.
#[must_use]
pub fn is_misleading(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text on one line, with escapes such as `\n` and `\u{1b}` for [what misleads](is_misleading).
#[must_use]
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(is_misleading) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if is_misleading(c) {
            escaped.extend(c.escape_default());
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_misleads_is_left() {
        let all: String = (0..=u32::from(char::MAX)).filter_map(char::from_u32).collect();
        assert!(!escaped(&all).contains(is_misleading));
        assert_eq!(escaped("a\nb\u{1b}[31m\u{9b}\u{202e}gpj.exe"), "a\\nb\\u{1b}[31m\\u{9b}\\u{202e}gpj.exe");
    }

    #[test]
    fn other_text_stays_as_it_is() {
        for text in ["", "/run/backup.lock", "größe", "مرحبا", "\\n", "👩\u{200d}🔧"] {
            assert!(matches!(escaped(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }
}
