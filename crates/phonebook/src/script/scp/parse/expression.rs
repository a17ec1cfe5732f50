//! Expressions by level of operators (ras-phonebook.md §2.3), with their types.

use super::super::super::SyntaxError;
use super::super::super::run::LONGEST_TEXT;
use super::super::lex::Token;
use super::super::value::{Binary, Expr, Type, Value};
use super::{Body, Parsed, Reader, text};

/// Operators of two sides, the weakest level first.
const LEVELS: [&[(&str, Binary)]; 6] = [
    &[("or", Binary::Or)],
    &[("and", Binary::And)],
    &[("==", Binary::Equal), ("!=", Binary::Different)],
    &[
        ("<=", Binary::LessOrEqual),
        (">=", Binary::GreaterOrEqual),
        ("<", Binary::Less),
        (">", Binary::Greater),
    ],
    &[("+", Binary::Add), ("-", Binary::Subtract)],
    &[("*", Binary::Multiply), ("/", Binary::Divide)],
];

/// The most operators in one expression: what runs it goes as deep.
const MOST_OPERATORS: usize = 64;

impl Body {
    /// An expression of this type.
    pub(super) fn expression_of(&self, reader: &mut Reader, wanted: Type) -> Parsed<Expr> {
        let line = reader.line();
        reader.operators = 0;
        let (expression, of) = self.level(reader, 0)?;
        if of == wanted {
            return Ok(expression);
        }
        Err(SyntaxError::new(line, format!("{} is needed here, not {}", wanted.word(), of.word())))
    }

    fn level(&self, reader: &mut Reader, at: usize) -> Parsed<(Expr, Type)> {
        let Some(operators) = LEVELS.get(at) else { return self.unary(reader) };
        let (mut left, mut of) = self.level(reader, at + 1)?;
        while let Some((sign, how)) =
            operators.iter().find(|(sign, _)| reader.take_sign(sign) || reader.take_word(sign))
        {
            reader.operators += 1;
            if reader.operators > MOST_OPERATORS {
                return reader.fail("an expression is too long");
            }
            let (right, other) = self.level(reader, at + 1)?;
            of = result(*how, of, other)
                .ok_or_else(|| SyntaxError::new(reader.line_before(), wrong(sign, of, other)))?;
            left = Expr::Binary(*how, Box::new(left), Box::new(right));
        }
        Ok((left, of))
    }

    fn unary(&self, reader: &mut Reader) -> Parsed<(Expr, Type)> {
        let negative = reader.take_sign("-");
        if !negative && !reader.take_sign("!") {
            return self.primary(reader);
        }
        reader.deeper()?;
        let line = reader.line();
        let (of, kind) = self.unary(reader)?;
        reader.depth -= 1;
        match (negative, kind) {
            (true, Type::Integer) => Ok((Expr::Negative(Box::new(of)), kind)),
            (false, Type::Boolean) => Ok((Expr::Not(Box::new(of)), kind)),
            (true, _) => Err(SyntaxError::new(line, format!("- needs an integer, not {}", kind.word()))),
            (false, _) => Err(SyntaxError::new(line, format!("! needs a boolean, not {}", kind.word()))),
        }
    }

    fn primary(&self, reader: &mut Reader) -> Parsed<(Expr, Type)> {
        if reader.take_sign("(") {
            reader.deeper()?;
            let inner = self.level(reader, 0)?;
            reader.depth -= 1;
            if !reader.take_sign(")") {
                return reader.fail(") is missing");
            }
            return Ok(inner);
        }
        let line = reader.line();
        let Some(token) = reader.peek().cloned() else {
            return reader.fail("a value is missing, the file ends");
        };
        let value = match token {
            Token::Integer(number) => (Expr::Constant(Value::Integer(number)), Type::Integer),
            Token::Text(bytes) if bytes.len() > LONGEST_TEXT => {
                return reader.fail("a text is longer than 1024 characters");
            }
            Token::Text(bytes) => (text(bytes), Type::Text),
            Token::System(system) => (Expr::System(system), system.type_of()),
            Token::Word(word) if word == "true" || word == "false" => {
                (Expr::Constant(Value::Boolean(word == "true")), Type::Boolean)
            }
            Token::Word(_) => {
                let name = reader.name("a variable")?;
                let (place, of) = self.variable(&name, line)?;
                return Ok((Expr::Variable(place), of));
            }
            Token::Sign(_) => return reader.fail(format!("a value is missing, {}", reader.found())),
        };
        reader.at += 1;
        Ok(value)
    }
}

/// The type of an operation; `None` where the types do not fit.
fn result(how: Binary, one: Type, other: Type) -> Option<Type> {
    match (how, one, other) {
        (Binary::Add, Type::Text, Type::Text) => Some(Type::Text),
        (
            Binary::Multiply | Binary::Divide | Binary::Add | Binary::Subtract,
            Type::Integer,
            Type::Integer,
        ) => Some(Type::Integer),
        (
            Binary::Less | Binary::Greater | Binary::LessOrEqual | Binary::GreaterOrEqual,
            Type::Integer,
            Type::Integer,
        )
        | (Binary::And | Binary::Or, Type::Boolean, Type::Boolean) => Some(Type::Boolean),
        (Binary::Equal | Binary::Different, one, other) if one == other => Some(Type::Boolean),
        _ => None,
    }
}

fn wrong(sign: &str, one: Type, other: Type) -> String {
    format!("{sign} does not fit between {} and {}", one.word(), other.word())
}
