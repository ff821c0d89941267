//! The words that people read in a page or in a source.

/// A word in lower case, or a punctuation mark, and the line that it stands in.
pub(super) struct Word {
    pub(super) text: String,
    pub(super) line: usize,
}

/// What separates two texts, and stands for code within a line.
const END: &str = "¶";
const CODE: &str = "`";

/// The words of a page of Markdown, without code and addresses.
pub(super) fn of_page(page: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut is_code = false;
    for (index, line) in page.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if line.trim().is_empty() {
            push(END, index + 1, &mut words);
        } else if !is_code {
            read(line, index + 1, &mut words);
        }
    }
    words
}

/// The words of the comments and strings of a Rust source. A comment that goes on in the next line is one text.
pub(super) fn of_source(source: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut is_code = false;
    let mut scanner = Scanner { rest: source, line: 1 };
    let mut last = 0;
    while let Some((text, line)) = scanner.next_text() {
        let text = match text.strip_prefix("//") {
            Some(comment) => {
                if line != last + 1 {
                    (is_code, _) = (false, push(END, line, &mut words));
                }
                last = line;
                comment.trim_start_matches(['/', '!']).trim_start()
            }
            None => {
                push(END, line, &mut words);
                text
            }
        };
        if text.starts_with("```") {
            is_code = !is_code;
        } else if text.is_empty() {
            push(END, line, &mut words);
        } else if !is_code {
            for (index, text) in text.lines().enumerate() {
                read(text, line + index, &mut words);
            }
        }
    }
    words
}

/// Finds the comments and strings of a source.
struct Scanner<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Scanner<'a> {
    /// The next comment, with its slashes, or the inside of the next string; and the line that it begins in.
    fn next_text(&mut self) -> Option<(&'a str, usize)> {
        loop {
            self.skip(self.rest.find(['/', '"', '\'', 'r'])?);
            let line = self.line;
            let rest = self.rest;
            if rest.starts_with("//") {
                return Some((self.skip(rest.find('\n').unwrap_or(rest.len())), line));
            }
            let hashes = rest[1..].len() - rest[1..].trim_start_matches('#').len();
            if rest.starts_with('"') {
                self.skip(1);
                let text = self.skip(end_of_string(self.rest));
                self.skip(1);
                return Some((text, line));
            } else if rest.starts_with('r') && rest[1 + hashes..].starts_with('"') {
                self.skip(hashes + 2);
                let end = format!("\"{}", "#".repeat(hashes));
                let text = self.skip(self.rest.find(&end).unwrap_or(self.rest.len()));
                self.skip(end.len().min(self.rest.len()));
                return Some((text, line));
            } else if rest.starts_with("'\\") {
                self.skip(3.min(rest.len()));
            } else if rest.starts_with("'\"'") || rest.starts_with("'/'") {
                self.skip(3);
            } else {
                self.skip(1);
            }
        }
    }

    fn skip(&mut self, bytes: usize) -> &'a str {
        let (skipped, rest) = self.rest.split_at(bytes);
        self.line += skipped.matches('\n').count();
        self.rest = rest;
        skipped
    }
}

/// Where a string ends that has begun.
fn end_of_string(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.find(|c| {
        let ends = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        ends
    });
    end.unwrap_or(text.len())
}

/// Reads a line: code between backquotes is one mark, and the address of a link is none.
fn read(line: &str, number: usize, words: &mut Vec<Word>) {
    for (index, part) in line.split('`').enumerate() {
        if index % 2 == 1 {
            push(CODE, number, words);
            continue;
        }
        for (index, part) in part.split("](").enumerate() {
            let part = if index == 0 { part } else { part.split_once(')').map_or("", |(_, after)| after) };
            split(part, number, words);
        }
    }
}

fn split(text: &str, line: usize, words: &mut Vec<Word>) {
    let is_of_a_word = |c: char| c.is_alphanumeric() || matches!(c, '\'' | '’' | '_' | '-');
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            // What a format string has there is code.
            '{' => rest.find('}').unwrap_or(first.len_utf8()),
            _ if is_of_a_word(first) => rest.find(|c| !is_of_a_word(c)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let (word, after) = rest.split_at(length);
        if matches!(first, '.' | ',' | ';' | ':' | '(' | ')' | '|' | '?') || is_of_a_word(first) {
            push(word, line, words);
        }
        rest = after;
    }
}

fn push(word: &str, line: usize, words: &mut Vec<Word>) {
    words.push(Word { text: word.to_lowercase(), line });
}
