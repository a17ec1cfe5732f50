//! Lines of a pipe, with a cap on their length.

use std::io;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// One line, or what was left at the end of the pipe.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Without its end.
    pub bytes: Vec<u8>,
    /// The line was longer than the cap; the rest of it is dropped.
    pub cut: bool,
}

/// Reads lines of at most `cap` bytes. A longer one is given at once, cut, even if its end never comes.
pub(super) struct Lines<R> {
    pipe: BufReader<R>,
    cap: usize,
    started: Vec<u8>,
    skipping: bool,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(pipe: R, cap: usize) -> Self {
        Self { pipe: BufReader::new(pipe), cap, started: Vec::new(), skipping: false }
    }

    /// The next line; `None` at the end of the pipe. May be dropped and called again, nothing is lost.
    pub(super) async fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            let chunk = self.pipe.fill_buf().await?;
            if chunk.is_empty() {
                let bytes = std::mem::take(&mut self.started);
                return Ok((!bytes.is_empty()).then_some(Line { bytes, cut: false }));
            }
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let part = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or(chunk);
            let used = part.len() + usize::from(end.is_some());
            if !self.skipping {
                let room = self.cap.saturating_sub(self.started.len());
                self.started.extend_from_slice(part.get(..room).unwrap_or(part));
                if part.len() > room {
                    self.skipping = end.is_none();
                    self.pipe.consume(used);
                    return Ok(Some(Line { bytes: std::mem::take(&mut self.started), cut: true }));
                }
            }
            self.pipe.consume(used);
            if end.is_some() && !std::mem::take(&mut self.skipping) {
                return Ok(Some(Line { bytes: std::mem::take(&mut self.started), cut: false }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn all(bytes: &[u8], cap: usize) -> Vec<(String, bool)> {
        let mut lines = Lines::new(bytes, cap);
        let mut found = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            found.push((String::from_utf8(line.bytes).unwrap(), line.cut));
        }
        found
    }

    fn plain(text: &str) -> (String, bool) {
        (text.into(), false)
    }

    #[tokio::test]
    async fn lines_end_with_a_newline_or_the_pipe() {
        assert_eq!(all(b"one\n\ntwo", 10).await, [plain("one"), plain(""), plain("two")]);
        assert_eq!(all(b"", 10).await, []);
    }

    #[tokio::test]
    async fn a_line_past_the_cap_is_cut_and_the_next_one_is_whole() {
        let cut = ("0123".to_owned(), true);
        assert_eq!(all(b"0123\n0123456\nok\n", 4).await, [plain("0123"), cut.clone(), plain("ok")]);
        assert_eq!(all(&[b"0123".repeat(10_000).as_slice(), b"\nok"].concat(), 4).await, [cut, plain("ok")]);
    }
}
