//! What Windows' documents say, a line each.

use super::*;

#[derive(Clone, Copy)]
enum Arg {
    I(i64),
    F(f64),
    A(&'static str),
    W(&'static str),
    Null,
}
use Arg::*;

/// Arguments of a table. Texts live as long as this.
struct Table {
    arguments: std::vec::IntoIter<Arg>,
    narrow: Vec<Vec<u8>>,
    wide: Vec<Vec<u16>>,
}

impl Table {
    fn number(&mut self) -> i64 {
        match self.arguments.next() {
            Some(I(number)) => number,
            _ => panic!("no number is left"),
        }
    }
}

impl Arguments for Table {
    fn int(&mut self) -> u32 {
        (self.number() & 0xFFFF_FFFF) as u32
    }

    fn long(&mut self) -> u64 {
        self.number().cast_unsigned()
    }

    fn double(&mut self) -> f64 {
        match self.arguments.next() {
            Some(F(number)) => number,
            _ => panic!("no number with a point is left"),
        }
    }

    fn long_double(&mut self) -> f64 {
        self.double()
    }

    fn pointer(&mut self) -> usize {
        match self.arguments.next() {
            Some(A(text)) => {
                self.narrow.push(text.bytes().chain([0]).collect());
                self.narrow.last().unwrap().as_ptr().expose_provenance()
            }
            Some(W(text)) => {
                self.wide.push(text.encode_utf16().chain([0]).collect());
                self.wide.last().unwrap().as_ptr().expose_provenance()
            }
            Some(I(number)) => usize::try_from(number).unwrap(),
            _ => 0,
        }
    }
}

fn run<C: Unit>(rules: Rules, room: usize, text: &str, arguments: &[Arg]) -> (String, bool) {
    let mut table =
        Table { arguments: Vec::from(arguments).into_iter(), narrow: Vec::new(), wide: Vec::new() };
    let mut sink = Sink::<C>::new(room);
    // SAFETY: the table has what the format asks for.
    unsafe { format(rules, &C::encode(text), &mut table, &mut sink) };
    (C::decode(&sink.units), sink.full)
}

fn both(rules: Rules, text: &str, arguments: &[Arg], result: &str) {
    assert_eq!(run::<u8>(rules, 100, text, arguments).0, result, "A {text}");
    assert_eq!(run::<u16>(rules, 100, text, arguments).0, result, "W {text}");
}

#[test]
fn numbers_have_windows_widths() {
    for (text, argument, result) in [
        ("%d", I(-5), "-5"),
        ("%ld", I(-5), "-5"),
        ("%lu", I(0xFFFF_FFFB), "4294967291"),
        ("%lx", I(0x1_0000_0001), "1"),
        ("%lX", I(0xABCD), "ABCD"),
        ("%i", I(i64::from(i32::MIN)), "-2147483648"),
        ("%u", I(-1), "4294967295"),
        ("%hd", I(0x1_FFFF), "-1"),
        ("%hu", I(0x1_FFFF), "65535"),
        ("%I64d", I(i64::MIN), "-9223372036854775808"),
        ("%I64u", I(-1), "18446744073709551615"),
        ("%I64X", I(0x1_0000_000F), "10000000F"),
        ("%lld", I(-1), "-1"),
        ("%I32d", I(-1), "-1"),
        ("%5d|", I(42), "   42|"),
        ("%-5d|", I(42), "42   |"),
        ("%05d", I(-42), "-0042"),
        ("%.5d", I(-42), "-00042"),
        ("%8.3d", I(7), "     007"),
        ("%08.3x", I(7), "     007"),
        ("%#x", I(255), "0xff"),
        ("%#X", I(255), "0XFF"),
        ("%#06x", I(255), "0x00ff"),
        ("%#x", I(0), "0"),
        ("%.0d|", I(0), "|"),
        ("%p", I(0x12AB), "00000000000012AB"),
        ("100%%", I(0), "100%"),
    ] {
        both(Rules::User, text, &[argument], result);
        both(Rules::C, text, &[argument], result);
    }
}

#[test]
fn the_c_library_knows_more() {
    for (text, arguments, result) in [
        ("%+d % d", &[I(5), I(5)][..], "+5  5"),
        ("%*d|%-*d|", &[I(4), I(1), I(4), I(2)], "   1|2   |"),
        ("%*d|", &[I(-4), I(1)], "1   |"),
        ("%.*d", &[I(3), I(1)], "001"),
        ("%.*d", &[I(-1), I(1)], "1"),
        ("%o %#o %#o", &[I(8), I(8), I(0)], "10 010 0"),
        ("%#.3o", &[I(8)], "010"),
        ("%hhd", &[I(0x1FF)], "-1"),
        ("%zu %td %jd", &[I(1 << 40), I(-1), I(-2)], "1099511627776 -1 -2"),
        ("%f", &[F(1.5)], "1.500000"),
        ("%.2f", &[F(-0.005)], "-0.01"),
        ("%08.2f|", &[F(-3.25)], "-0003.25|"),
        ("%-8.1f|", &[F(2.25)], "2.2     |"),
        ("%e", &[F(12345.678)], "1.234568e+04"),
        ("%G", &[F(1e-10)], "1E-10"),
        ("%+.1f", &[F(2.0)], "+2.0"),
        ("%05f|", &[F(f64::INFINITY)], "  inf|"),
        ("%.1Lf", &[F(1.0)], "1.0"),
        ("%05s", &[Null], "(null)"),
        ("%n%d", &[I(0), I(3)], "3"),
    ] {
        both(Rules::C, text, arguments, result);
    }
}

#[test]
fn text_follows_the_width_of_the_format() {
    for (text, narrow, wide) in [
        ("%s", A("né"), W("né")),
        ("%S", W("né"), A("né")),
        ("%hs", A("né"), A("né")),
        ("%hS", A("né"), A("né")),
        ("%ls", W("né"), W("né")),
        ("%lS", W("né"), W("né")),
        ("%ws", W("né"), W("né")),
    ] {
        for rules in [Rules::User, Rules::C] {
            assert_eq!(run::<u8>(rules, 100, text, &[narrow]).0, "né", "A {text}");
            assert_eq!(run::<u16>(rules, 100, text, &[wide]).0, "né", "W {text}");
        }
    }
    for (text, narrow, wide, result) in [
        ("%c", I(0x41), I(0x41), "A"),
        ("%C", I(0xE9), I(0x42), "é B"),
        ("%lc", I(0xE9), I(0xE9), "é é"),
        ("%hc", I(0x42), I(0x42), "B"),
        ("%c", I(0x41), I(0x20AC), "A €"),
    ] {
        let (a, w) = result.split_once(' ').unwrap_or((result, result));
        assert_eq!(run::<u8>(Rules::C, 100, text, &[narrow]).0, a, "A {text}");
        assert_eq!(run::<u16>(Rules::C, 100, text, &[wide]).0, w, "W {text}");
    }
    both(Rules::C, "%s", &[Null], "(null)");
    both(Rules::User, "%6hs|%-6hs|%.2hs|", &[A("abc"), A("abc"), A("abc")], "   abc|abc   |ab|");
    both(Rules::C, "%06hs", &[A("abc")], "000abc");
    both(Rules::User, "%06hs", &[A("abc")], "   abc");
}

#[test]
fn a_precision_cuts_between_characters_and_reads_no_further() {
    assert_eq!(run::<u8>(Rules::C, 100, "%.2ls|", &[W("aé")]).0, "a|");
    assert_eq!(run::<u8>(Rules::C, 100, "%.3ls|", &[W("aé")]).0, "aé|");
    assert_eq!(run::<u16>(Rules::C, 100, "%.2hs|", &[A("é€x")]).0, "é€|");
    assert_eq!(run::<u16>(Rules::C, 100, "%.1hs|", &[A("😀")]).0, "|");
    // boxes without a NUL: valgrind and Miri would see a byte too many
    let narrow: Box<[u8]> = Box::from(*b"abc");
    let wide: Box<[u16]> = Box::from([0x61, 0x62, 0x63]);
    for (text, address) in
        [("%.3hs", narrow.as_ptr().expose_provenance()), ("%.3ls", wide.as_ptr().expose_provenance())]
    {
        both(Rules::C, text, &[I(i64::try_from(address).unwrap())], "abc");
    }
}

#[test]
fn what_is_no_conversion_is_text() {
    both(Rules::C, "%y %", &[], "y ");
    both(Rules::User, "%f", &[F(1.0)], "f");
    both(Rules::User, "%+d", &[I(1)], "+d");
    both(Rules::User, "%*d", &[I(1)], "*d");
    both(Rules::C, "%5", &[], "");
    both(Rules::C, "%-08.3ly", &[], "y");
}

#[test]
fn no_width_takes_more_than_there_is_room_for() {
    for text in ["%2147483647d", "%99999999999999d", "%.2147483647d", "%-2147483647d", "%02147483647d"] {
        let (result, full) = run::<u16>(Rules::C, 10, text, &[I(1)]);
        assert!(full && result.len() == 10, "{text}");
    }
    assert_eq!(run::<u8>(Rules::C, 3, "%s", &[A("abcdef")]), ("abc".into(), true));
    assert_eq!(run::<u8>(Rules::C, 3, "%s", &[A("abc")]), ("abc".into(), false));
    assert_eq!(run::<u8>(Rules::C, 0, "", &[]), (String::new(), false));
    assert!(run::<u8>(Rules::C, 200_000, "%.100000f", &[F(1.0)]).0.len() < 100_000);
}
