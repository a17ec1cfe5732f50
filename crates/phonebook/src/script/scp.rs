//! Windows' dial-up scripting language (ras-phonebook.md §2).

mod lex;
mod parse;
mod play;
mod value;

pub(super) use play::Play;

use super::{PortSetting, SyntaxError};
use value::{Expr, Type};

/// A script that was read: its commands in one line, blocks as jumps.
#[derive(Clone, Debug)]
pub(super) struct Program {
    ops: Vec<(usize, Op)>,
    variables: Vec<Type>,
}

impl Program {
    pub(super) fn parse(text: &[u8]) -> Result<Self, SyntaxError> {
        parse::program(text)
    }
}

/// One command; numbers are places in [`Program::ops`] or in the list of variables.
#[derive(Clone, Debug)]
enum Op {
    Assign(usize, Expr),
    Jump(usize),
    JumpUnless(Expr, usize),
    Delay(Expr),
    Halt,
    Transmit { text: Expr, raw: bool },
    WaitFor { choices: Vec<Choice>, until: Option<Expr> },
    GetIp { nth: Option<Expr>, to: IpTo },
    SetIp(Expr),
    Keyboard(bool),
    Port(PortSetting),
}

/// One text a `waitfor` waits for.
#[derive(Clone, Debug)]
struct Choice {
    text: Expr,
    matchcase: bool,
    then: Option<usize>,
}

/// What becomes of an address that `getip` found.
#[derive(Clone, Copy, Debug)]
enum IpTo {
    Nothing,
    Session,
    Variable(usize),
}
