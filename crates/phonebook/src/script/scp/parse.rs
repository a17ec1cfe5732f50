//! Reading a `.scp` script: procedures, blocks, commands. Everything that can be known before it runs is checked here.

mod expression;

use std::collections::HashMap;

use super::super::{Parity, PortSetting, SyntaxError, quoted};
use super::lex::{Token, tokens};
use super::value::{Expr, Type, Value};
use super::{Choice, IpTo, Op, Program};
use openras_ppp::Secret;

/// How deep blocks and parentheses may stand in each other.
const DEEPEST: usize = 32;
/// The most texts one `waitfor` waits for.
const MOST_CHOICES: usize = 32;
const RESERVED: &str = " and boolean databits delay do even endif endproc endwhile false getip goto halt if integer ipaddr \
    keyboard mark matchcase none odd off on or parity port proc raw screen set space stopbits string then transmit true \
    until waitfor while ";

type Parsed<T> = Result<T, SyntaxError>;

pub(super) fn program(text: &[u8]) -> Parsed<Program> {
    let tokens = tokens(text)?;
    let last = tokens.last().map_or(1, |(line, _)| *line);
    let mut reader = Reader { tokens, at: 0, depth: 0, operators: 0, last };
    let mut main = None;
    while reader.peek().is_some() {
        let line = reader.line();
        reader.expect_word("proc")?;
        let name = reader.name("a procedure")?;
        let program = Body::default().read(&mut reader)?;
        if name == "main" && main.replace(program).is_some() {
            return Err(SyntaxError::new(line, "there are two procedures main"));
        }
    }
    main.ok_or_else(|| SyntaxError::new(last, "there is no procedure main"))
}

/// The words, and where we are.
struct Reader {
    tokens: Vec<(usize, Token)>,
    at: usize,
    depth: usize,
    /// Operators of this expression so far.
    operators: usize,
    last: usize,
}

impl Reader {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(_, token)| token)
    }

    fn line(&self) -> usize {
        self.tokens.get(self.at).map_or(self.last, |(line, _)| *line)
    }

    /// The line of the word before.
    fn line_before(&self) -> usize {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(1, |(line, _)| *line)
    }

    fn fail<T>(&self, what: impl Into<String>) -> Parsed<T> {
        Err(SyntaxError::new(self.line(), what))
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(own)) if own == word)
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(self.peek(), Some(Token::Sign(own)) if *own == sign)
    }

    fn take_word(&mut self, word: &str) -> bool {
        let is = self.is_word(word);
        self.at += usize::from(is);
        is
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let is = self.is_sign(sign);
        self.at += usize::from(is);
        is
    }

    fn expect_word(&mut self, word: &str) -> Parsed<()> {
        if self.take_word(word) {
            Ok(())
        } else {
            self.fail(format!("{word} is missing here, {}", self.found()))
        }
    }

    /// What stands here instead.
    fn found(&self) -> String {
        match self.peek() {
            None => "the file ends".to_owned(),
            Some(Token::Word(word)) => format!("there is {}", quoted(word.as_bytes())),
            Some(Token::Sign(sign)) => format!("there is {sign}"),
            Some(Token::Integer(number)) => format!("there is {number}"),
            Some(Token::Text(_)) => "there is a text".to_owned(),
            Some(Token::System(_)) => "there is a variable of the system".to_owned(),
        }
    }

    /// A word of the script's own.
    fn name(&mut self, of: &str) -> Parsed<String> {
        match self.peek() {
            Some(Token::Word(word)) if !RESERVED.contains(&format!(" {word} ")) => {
                let word = word.clone();
                self.at += 1;
                Ok(word)
            }
            _ => self.fail(format!("the name of {of} is missing, {}", self.found())),
        }
    }

    fn deeper(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > DEEPEST { self.fail("too many blocks or parentheses in each other") } else { Ok(()) }
    }
}

/// One procedure while it is read.
#[derive(Default)]
struct Body {
    ops: Vec<(usize, Op)>,
    variables: Vec<Type>,
    names: HashMap<String, usize>,
    labels: HashMap<String, usize>,
    /// Jumps whose label may stand below: line, op, choice, name.
    jumps: Vec<(usize, usize, usize, String)>,
}

impl Body {
    fn read(mut self, reader: &mut Reader) -> Parsed<Program> {
        while let Some(of) = declared(reader) {
            self.declaration(reader, of)?;
        }
        self.block(reader, "endproc")?;
        for (line, op, choice, name) in std::mem::take(&mut self.jumps) {
            let missing = || SyntaxError::new(line, format!("there is no label {}", quoted(name.as_bytes())));
            let place = *self.labels.get(&name).ok_or_else(missing)?;
            match self.ops.get_mut(op) {
                Some((_, Op::Jump(to))) => *to = place,
                Some((_, Op::WaitFor { choices, .. })) => {
                    if let Some(choice) = choices.get_mut(choice) {
                        choice.then = Some(place);
                    }
                }
                _ => {}
            }
        }
        Ok(Program { ops: self.ops, variables: self.variables })
    }

    fn declaration(&mut self, reader: &mut Reader, of: Type) -> Parsed<()> {
        let line = reader.line_before();
        let name = reader.name("a variable")?;
        let value = if reader.take_sign("=") { Some(self.expression_of(reader, of)?) } else { None };
        let place = self.variables.len();
        if self.names.insert(name.clone(), place).is_some() {
            return Err(SyntaxError::new(line, format!("{} is declared twice", quoted(name.as_bytes()))));
        }
        self.variables.push(of);
        self.ops.extend(value.map(|value| (line, Op::Assign(place, value))));
        Ok(())
    }

    /// Commands until the word that ends them, which is taken.
    fn block(&mut self, reader: &mut Reader, end: &str) -> Parsed<()> {
        reader.deeper()?;
        while !reader.take_word(end) {
            if reader.peek().is_none() {
                return reader.fail(format!("{end} is missing"));
            }
            self.command(reader)?;
        }
        reader.depth -= 1;
        Ok(())
    }

    fn push(&mut self, line: usize, op: Op) -> usize {
        self.ops.push((line, op));
        self.ops.len() - 1
    }

    fn command(&mut self, reader: &mut Reader) -> Parsed<()> {
        let line = reader.line();
        let Some(Token::Word(word)) = reader.peek().cloned() else {
            return reader.fail(format!("a command is missing, {}", reader.found()));
        };
        reader.at += 1;
        match word.as_str() {
            "delay" => {
                let time = self.expression_of(reader, Type::Integer)?;
                self.push(line, Op::Delay(time));
            }
            "getip" => self.getip(reader, line, IpTo::Nothing)?,
            "goto" => {
                let label = reader.name("a label")?;
                let op = self.push(line, Op::Jump(0));
                self.jumps.push((line, op, 0, label));
            }
            "halt" => {
                self.push(line, Op::Halt);
            }
            "if" => self.branch(reader, line, ("then", "endif"))?,
            "while" => self.branch(reader, line, ("do", "endwhile"))?,
            "set" => self.set(reader, line)?,
            "transmit" => {
                let text = self.expression_of(reader, Type::Text)?;
                let raw = reader.take_sign(",");
                if raw {
                    reader.expect_word("raw")?;
                }
                self.push(line, Op::Transmit { text, raw });
            }
            "waitfor" => self.waitfor(reader, line)?,
            "integer" | "string" | "boolean" => {
                return Err(SyntaxError::new(line, "variables are declared before the first command"));
            }
            _ => {
                reader.at -= 1;
                self.named(reader, line)?;
            }
        }
        Ok(())
    }

    /// `name:` or `name = …`.
    fn named(&mut self, reader: &mut Reader, line: usize) -> Parsed<()> {
        let name = reader.name("a command, a label or a variable")?;
        if reader.take_sign(":") {
            return match self.labels.insert(name.clone(), self.ops.len()) {
                None => Ok(()),
                Some(_) => Err(SyntaxError::new(line, format!("two labels {}", quoted(name.as_bytes())))),
            };
        }
        if !reader.take_sign("=") {
            return Err(SyntaxError::new(line, format!("there is no command {}", quoted(name.as_bytes()))));
        }
        let (place, of) = self.variable(&name, line)?;
        if reader.take_word("getip") {
            if of != Type::Text {
                return Err(SyntaxError::new(line, "getip gives a string"));
            }
            return self.getip(reader, line, IpTo::Variable(place));
        }
        let value = self.expression_of(reader, of)?;
        self.push(line, Op::Assign(place, value));
        Ok(())
    }

    fn variable(&self, name: &str, line: usize) -> Parsed<(usize, Type)> {
        let place = self.names.get(name).copied();
        let known = place.and_then(|place| self.variables.get(place).map(|of| (place, *of)));
        known.ok_or_else(|| SyntaxError::new(line, format!("{} is not declared", quoted(name.as_bytes()))))
    }

    /// `getip [n]`; n stands in the same line, or what follows could be meant.
    fn getip(&mut self, reader: &mut Reader, line: usize, to: IpTo) -> Parsed<()> {
        let here = reader.line_before() == reader.line() && !reader.is_word("endproc");
        let begins = !matches!(reader.peek(), None | Some(Token::Text(_) | Token::System(_)));
        let nth = if here && begins { Some(self.expression_of(reader, Type::Integer)?) } else { None };
        self.push(line, Op::GetIp { nth, to });
        Ok(())
    }

    fn branch(&mut self, reader: &mut Reader, line: usize, (then, end): (&str, &str)) -> Parsed<()> {
        let condition = self.expression_of(reader, Type::Boolean)?;
        reader.expect_word(then)?;
        let test = self.push(line, Op::JumpUnless(condition, 0));
        self.block(reader, end)?;
        if end == "endwhile" {
            self.push(reader.line_before(), Op::Jump(test));
        }
        let after = self.ops.len();
        if let Some((_, Op::JumpUnless(_, to))) = self.ops.get_mut(test) {
            *to = after;
        }
        Ok(())
    }

    fn waitfor(&mut self, reader: &mut Reader, line: usize) -> Parsed<()> {
        let mut choices = Vec::new();
        let op = self.ops.len();
        loop {
            let text = self.expression_of(reader, Type::Text)?;
            let comma = reader.is_sign(",");
            let next = reader.tokens.get(reader.at + 1).map(|(_, token)| token);
            let behind = comma && matches!(next, Some(Token::Word(word)) if word == "matchcase");
            reader.at += usize::from(behind);
            let matchcase = reader.take_word("matchcase");
            let then = reader.take_word("then");
            if then {
                let label = reader.name("a label")?;
                self.jumps.push((line, op, choices.len(), label));
            }
            choices.push(Choice { text, matchcase, then: None });
            if choices.len() > MOST_CHOICES {
                return reader.fail("a waitfor with more than 32 texts");
            }
            if !reader.is_sign(",") {
                break;
            }
            if !then {
                return reader.fail("then and a label are missing before the comma");
            }
            reader.at += 1;
        }
        let until =
            if reader.take_word("until") { Some(self.expression_of(reader, Type::Integer)?) } else { None };
        self.push(line, Op::WaitFor { choices, until });
        Ok(())
    }

    fn set(&mut self, reader: &mut Reader, line: usize) -> Parsed<()> {
        if reader.take_word("ipaddr") {
            if reader.take_word("getip") {
                return self.getip(reader, line, IpTo::Session);
            }
            let address = self.expression_of(reader, Type::Text)?;
            self.push(line, Op::SetIp(address));
        } else if reader.take_word("screen") {
            reader.expect_word("keyboard")?;
            let on = reader.take_word("on");
            if !on {
                reader.expect_word("off")?;
            }
            self.push(line, Op::Keyboard(on));
        } else {
            reader.expect_word("port")?;
            let setting = port(reader)?;
            self.push(line, Op::Port(setting));
        }
        Ok(())
    }
}

/// The type of a declaration that begins here; its word is taken.
fn declared(reader: &mut Reader) -> Option<Type> {
    [Type::Integer, Type::Text, Type::Boolean].into_iter().find(|of| reader.take_word(of.word()))
}

fn port(reader: &mut Reader) -> Parsed<PortSetting> {
    let number = |reader: &mut Reader, allowed: std::ops::RangeInclusive<i64>| match reader.peek() {
        Some(Token::Integer(number)) if allowed.contains(number) => {
            let number = u8::try_from(*number).unwrap_or(8);
            reader.at += 1;
            Ok(number)
        }
        _ => reader.fail(format!("a number from {} to {} is missing", allowed.start(), allowed.end())),
    };
    if reader.take_word("databits") {
        return number(reader, 5..=8).map(PortSetting::DataBits);
    }
    if reader.take_word("stopbits") {
        return number(reader, 1..=2).map(PortSetting::StopBits);
    }
    reader.expect_word("parity")?;
    let words = [
        ("none", Parity::None),
        ("odd", Parity::Odd),
        ("even", Parity::Even),
        ("mark", Parity::Mark),
        ("space", Parity::Space),
    ];
    match words.into_iter().find(|(word, _)| reader.take_word(word)) {
        Some((_, parity)) => Ok(PortSetting::Parity(parity)),
        None => reader.fail("none, odd, even, mark or space is missing"),
    }
}

/// A constant of the script.
fn text(bytes: Vec<u8>) -> Expr {
    Expr::Constant(Value::Text(Secret::new(bytes)))
}
