//! A command line, cut into commands (V.250 §5.2): letters with a number, S-registers, and names behind `+`.

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// A: answer.
    Answer,
    /// D and all that follows.
    Dial(String),
    /// A letter with its number, which is 0 where it is left out.
    Basic(char, u32),
    /// The same behind `&`, `\` or `%`: the vendors' letters.
    Vendor(char, char, u32),
    /// `&Zn=number`: keeps a number to dial.
    Keep(usize, String),
    /// `Sn`: the register that `?` and `=` then mean.
    Point(usize),
    /// `=v`, for the register pointed at.
    Set(u32),
    /// `?`, for the register pointed at.
    Ask,
    /// `+NAME`, `#NAME`, with `=value`, `?`, `=?` or nothing.
    Extended(String, Asked),
}

/// How an extended command is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// By itself.
    Run,
    /// `=value`.
    Set(String),
    /// `?`: the value.
    Value,
    /// `=?`: what values it takes.
    Range,
}

/// Cuts a line, behind its `AT`. `None`: it cannot be read on from there.
pub(super) struct Line<'a> {
    rest: &'a str,
}

impl<'a> Line<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    /// The next command, an error, or the end.
    pub(super) fn next_command(&mut self) -> Option<Result<Command, ()>> {
        self.rest = self.rest.trim_start_matches([' ', '\t', ';']);
        let letter = self.rest.chars().next()?;
        Some(self.command(letter).ok_or(()))
    }

    fn command(&mut self, letter: char) -> Option<Command> {
        self.skip(letter);
        Some(match letter.to_ascii_uppercase() {
            'A' => Command::Answer,
            'D' => Command::Dial(std::mem::take(&mut self.rest).trim().to_owned()),
            'S' => Command::Point(usize::try_from(self.number()?).ok()?),
            '=' => Command::Set(self.number()?),
            '?' => Command::Ask,
            '+' | '#' | '*' | '-' | '$' => self.extended(letter)?,
            '&' | '\\' | '%' => self.vendor(letter)?,
            upper @ 'B'..='Z' => Command::Basic(upper, self.number()?),
            _ => return None,
        })
    }

    fn vendor(&mut self, mark: char) -> Option<Command> {
        let letter = self.rest.chars().next().filter(char::is_ascii_alphabetic)?;
        self.skip(letter);
        let number = self.number()?;
        if (mark, letter.to_ascii_uppercase()) == ('&', 'Z') && self.rest.starts_with('=') {
            let kept = std::mem::take(&mut self.rest).trim_start_matches('=').trim().to_owned();
            return Some(Command::Keep(usize::try_from(number).ok()?, kept));
        }
        Some(Command::Vendor(mark, letter.to_ascii_uppercase(), number))
    }

    fn extended(&mut self, mark: char) -> Option<Command> {
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at_checked(end)?;
        if name.is_empty() {
            return None;
        }
        let name = format!("{mark}{}", name.to_ascii_uppercase());
        let end = rest.find(';').unwrap_or(rest.len());
        let (how, behind) = rest.split_at_checked(end)?;
        self.rest = behind;
        let asked = match how.trim() {
            "" => Asked::Run,
            "?" => Asked::Value,
            "=?" => Asked::Range,
            how => Asked::Set(how.strip_prefix('=')?.trim().to_owned()),
        };
        Some(Command::Extended(name, asked))
    }

    /// The digits that follow; none are 0. `None` for a number nobody has.
    fn number(&mut self) -> Option<u32> {
        self.rest = self.rest.trim_start_matches(' ');
        let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        if digits.is_empty() { Some(0) } else { digits.parse().ok() }
    }

    fn skip(&mut self, letter: char) {
        self.rest = self.rest.strip_prefix(letter).unwrap_or(self.rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<Result<Command, ()>> {
        let mut line = Line::new(text);
        let mut found = Vec::new();
        while let Some(command) = line.next_command() {
            let wrong = command.is_err();
            found.push(command);
            if wrong {
                break;
            }
        }
        found
    }

    #[test]
    fn a_line_is_cut_into_its_commands() {
        let expected = [
            Command::Vendor('&', 'F', 0),
            Command::Basic('E', 0),
            Command::Basic('V', 1),
            Command::Point(0),
            Command::Set(2),
            Command::Point(7),
            Command::Ask,
            Command::Vendor('\\', 'N', 3),
            Command::Vendor('%', 'C', 1),
            Command::Basic('X', 4),
            Command::Extended("+VCID".into(), Asked::Set("1".into())),
            Command::Extended("+GMI".into(), Asked::Run),
            Command::Extended("+FCLASS".into(), Asked::Range),
            Command::Extended("#CID".into(), Asked::Value),
            Command::Dial("T 0,555".into()),
        ];
        let text = "&F e0V1 S0=2 s7? \\N3%C1X4+VCID=1;+GMI;+FCLASS=?;#CID?;DT 0,555";
        assert_eq!(all(text), expected.map(Ok));
        assert_eq!(all("&Z1=T555"), [Ok(Command::Keep(1, "T555".into()))]);
        assert_eq!(all("A"), [Ok(Command::Answer)]);
        assert_eq!(all(""), []);
    }

    #[test]
    fn what_cannot_be_read_is_an_error_where_it_stands() {
        for (text, good) in
            [("E1!", 1), ("&", 0), ("+", 0), ("E99999999999", 0), ("V1+X=1Q\u{e9}", 2), ("~", 0), ("+A!", 0)]
        {
            let found = all(text);
            assert_eq!(found.iter().filter(|one| one.is_ok()).count(), good, "{text}");
            if text != "V1+X=1Q\u{e9}" {
                assert_eq!(found.last(), Some(&Err(())), "{text}");
            }
        }
    }
}
