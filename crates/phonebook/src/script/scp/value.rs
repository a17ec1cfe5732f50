//! Values, expressions and their types (ras-phonebook.md §2.3), and the escapes of texts.

use openras_ppp::Secret;

use super::super::run::LONGEST_TEXT;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Integer,
    Text,
    Boolean,
}

impl Type {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Text => "string",
            Self::Boolean => "boolean",
        }
    }
}

/// A text may be the password, or made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Integer(i64),
    Text(Secret),
    Boolean(bool),
}

impl Value {
    /// What a variable holds before it is set.
    pub(super) fn first(of: Type) -> Self {
        match of {
            Type::Integer => Self::Integer(0),
            Type::Text => Self::Text(Secret::default()),
            Type::Boolean => Self::Boolean(false),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum System {
    UserId,
    Password,
    Success,
    Failure,
}

impl System {
    pub(super) const ALL: [(&'static str, Self); 4] = [
        ("$USERID", Self::UserId),
        ("$PASSWORD", Self::Password),
        ("$SUCCESS", Self::Success),
        ("$FAILURE", Self::Failure),
    ];

    pub(super) fn type_of(self) -> Type {
        match self {
            Self::UserId | Self::Password => Type::Text,
            Self::Success | Self::Failure => Type::Boolean,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binary {
    Multiply,
    Divide,
    Add,
    Subtract,
    Less,
    Greater,
    LessOrEqual,
    GreaterOrEqual,
    Equal,
    Different,
    And,
    Or,
}

#[derive(Clone, Debug)]
pub(super) enum Expr {
    Constant(Value),
    Variable(usize),
    System(System),
    Negative(Box<Expr>),
    Not(Box<Expr>),
    Binary(Binary, Box<Expr>, Box<Expr>),
}

/// What an expression is made of while the script runs.
pub(super) struct Scope<'a> {
    pub(super) variables: &'a [Value],
    pub(super) user: &'a str,
    pub(super) password: &'a Secret,
    pub(super) success: Option<bool>,
}

impl Scope<'_> {
    /// The value; types were checked when the script was read.
    pub(super) fn value(&self, of: &Expr) -> Result<Value, &'static str> {
        Ok(match of {
            Expr::Constant(value) => value.clone(),
            Expr::Variable(at) => self.variables.get(*at).cloned().ok_or(CONFUSED)?,
            Expr::System(System::UserId) => Value::Text(Secret::from(self.user)),
            Expr::System(System::Password) => Value::Text(self.password.clone()),
            Expr::System(System::Success) => Value::Boolean(self.success == Some(true)),
            Expr::System(System::Failure) => Value::Boolean(self.success == Some(false)),
            Expr::Negative(of) => match self.value(of)? {
                Value::Integer(value) => Value::Integer(value.checked_neg().ok_or(OVERFLOW)?),
                _ => return Err(CONFUSED),
            },
            Expr::Not(of) => Value::Boolean(!self.boolean(of)?),
            // the second side counts only where the first does not decide
            Expr::Binary(Binary::And, one, other) => {
                Value::Boolean(self.boolean(one)? && self.boolean(other)?)
            }
            Expr::Binary(Binary::Or, one, other) => {
                Value::Boolean(self.boolean(one)? || self.boolean(other)?)
            }
            Expr::Binary(how, one, other) => binary(*how, &self.value(one)?, &self.value(other)?)?,
        })
    }

    pub(super) fn boolean(&self, of: &Expr) -> Result<bool, &'static str> {
        match self.value(of)? {
            Value::Boolean(value) => Ok(value),
            _ => Err(CONFUSED),
        }
    }

    pub(super) fn integer(&self, of: &Expr) -> Result<i64, &'static str> {
        match self.value(of)? {
            Value::Integer(value) => Ok(value),
            _ => Err(CONFUSED),
        }
    }

    pub(super) fn text(&self, of: &Expr) -> Result<Secret, &'static str> {
        match self.value(of)? {
            Value::Text(value) => Ok(value),
            _ => Err(CONFUSED),
        }
    }
}

/// Cannot be: a script with it is not taken.
pub(super) const CONFUSED: &str = "the types do not fit";
const OVERFLOW: &str = "a number does not fit into 32 bits";

fn binary(how: Binary, one: &Value, other: &Value) -> Result<Value, &'static str> {
    match (how, one, other) {
        (Binary::Equal, one, other) => return Ok(Value::Boolean(one == other)),
        (Binary::Different, one, other) => return Ok(Value::Boolean(one != other)),
        (Binary::Add, Value::Text(one), Value::Text(other)) => {
            if one.len() + other.len() > LONGEST_TEXT {
                return Err("a text is longer than 1024 characters");
            }
            return Ok(Value::Text(Secret::new([one.expose(), other.expose()].concat())));
        }
        _ => {}
    }
    let (Value::Integer(one), Value::Integer(other)) = (one, other) else { return Err(CONFUSED) };
    let number = match how {
        Binary::Multiply => one.checked_mul(*other),
        Binary::Divide if *other == 0 => return Err("a division by zero"),
        Binary::Divide => one.checked_div(*other),
        Binary::Add => one.checked_add(*other),
        Binary::Subtract => one.checked_sub(*other),
        Binary::Less => return Ok(Value::Boolean(one < other)),
        Binary::Greater => return Ok(Value::Boolean(one > other)),
        Binary::LessOrEqual => return Ok(Value::Boolean(one <= other)),
        Binary::GreaterOrEqual => return Ok(Value::Boolean(one >= other)),
        Binary::Equal | Binary::Different | Binary::And | Binary::Or => return Err(CONFUSED),
    };
    number.filter(|number| i32::try_from(*number).is_ok()).map(Value::Integer).ok_or(OVERFLOW)
}

/// A text with its escapes made what they stand for; what is no escape stands for itself.
pub(super) fn cooked(raw: &Secret) -> Secret {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw.expose();
    while let Some((&first, after)) = rest.split_first() {
        let (octet, used) = match (first, after.first().copied()) {
            (b'^', Some(control @ b'@'..=b'_')) => (control - b'@', 1),
            (b'^', Some(control @ b'a'..=b'z')) => (control - b'`', 1),
            (b'\\', Some(plain @ (b'"' | b'^' | b'<' | b'\\'))) => (plain, 1),
            (b'<', _) if starts(after, b"cr>") => (b'\r', 3),
            (b'<', _) if starts(after, b"lf>") => (b'\n', 3),
            _ => (first, 0),
        };
        out.push(octet);
        rest = after.get(used..).unwrap_or_default();
    }
    Secret::new(out)
}

fn starts(text: &[u8], with: &[u8]) -> bool {
    text.get(..with.len()).is_some_and(|head| head.eq_ignore_ascii_case(with))
}
