//! DynamoDB's numbers: decimal, up to 38 significant digits, with a magnitude from 1E-130 to 9.99…E+125.
//!
//! Source: "Numeric attribute" under "Naming rules and data types" in the Amazon DynamoDB Developer Guide.

/// The greatest number of digits from the first to the last that is not zero.
const SIGNIFICANT: usize = 38;
/// The possible exponents of the first significant digit.
const MAGNITUDES: std::ops::RangeInclusive<i64> = -130..=125;
/// The exponent beyond which a number is out of range, whatever digits precede it.
const FAR: i64 = 1_000_000_000_000;

/// The reason why a text is not a number of DynamoDB.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NotANumber {
    Syntax,
    TooManyDigits,
    OutOfRange,
}

impl NotANumber {
    pub(crate) fn reason(self) -> &'static str {
        match self {
            NotANumber::Syntax => "a number has invalid syntax",
            NotANumber::TooManyDigits => "a number has more than 38 significant digits",
            NotANumber::OutOfRange => "a number's magnitude is not between 1E-130 and 9.99E+125",
        }
    }
}

/// The parts of a number. Its value is `digits` without their point, times ten to the power of `exponent`.
struct Parts<'a> {
    negative: bool,
    whole: &'a [u8],
    fraction: &'a [u8],
    exponent: i64,
}

impl Parts<'_> {
    fn digits(&self) -> impl DoubleEndedIterator<Item = u8> {
        self.whole.iter().chain(self.fraction).copied()
    }

    /// Returns the number of leading zeros, of significant digits and of trailing zeros. A zero has no significant
    /// digits.
    fn significant(&self) -> (usize, usize, usize) {
        let length = self.whole.len() + self.fraction.len();
        let leading = self.digits().take_while(|digit| *digit == b'0').count();
        if leading == length {
            return (leading, 0, 0);
        }
        let trailing = self.digits().rev().take_while(|digit| *digit == b'0').count();
        (leading, length - leading - trailing, trailing)
    }
}

fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len()))
}

fn sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    }
}

fn parts(text: &[u8]) -> Option<Parts<'_>> {
    let (negative, rest) = sign(text);
    let (whole, rest) = digits(rest);
    let (fraction, rest) = match rest {
        [b'.', rest @ ..] => digits(rest),
        _ => (&[][..], rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut exponent = 0;
    if let [b'e' | b'E', rest @ ..] = rest {
        let (negative, rest) = sign(rest);
        let (power, rest) = digits(rest);
        if power.is_empty() || !rest.is_empty() {
            return None;
        }
        exponent = power.iter().fold(0, |sum: i64, digit| (sum * 10 + i64::from(digit - b'0')).min(FAR));
        if negative {
            exponent = -exponent;
        }
    } else if !rest.is_empty() {
        return None;
    }
    Some(Parts { negative, whole, fraction, exponent })
}

/// Checks that DynamoDB accepts the text as a number.
#[inline]
pub(crate) fn check(text: &[u8]) -> Result<(), NotANumber> {
    // Nearly all numbers are short and have no exponent, so they are in range.
    let plain = text.strip_prefix(b"-").unwrap_or(text);
    let points = plain.iter().filter(|&&byte| byte == b'.').count();
    let only = plain.iter().all(|&byte| byte.is_ascii_digit() || byte == b'.');
    if only && points < 2 && plain.len() > points && plain.len() <= SIGNIFICANT {
        return Ok(());
    }
    checked(text).map(|_| ())
}

fn checked(text: &[u8]) -> Result<Parts<'_>, NotANumber> {
    let parts = parts(text).ok_or(NotANumber::Syntax)?;
    let (leading, significant, _) = parts.significant();
    if significant > SIGNIFICANT {
        return Err(NotANumber::TooManyDigits);
    }
    let magnitude = parts.exponent + parts.whole.len() as i64 - leading as i64 - 1;
    if significant > 0 && !MAGNITUDES.contains(&magnitude) {
        return Err(NotANumber::OutOfRange);
    }
    Ok(parts)
}

/// Returns the number of significant digits if DynamoDB accepts the text as a number.
pub(crate) fn significant(text: &[u8]) -> Result<usize, NotANumber> {
    checked(text).map(|parts| parts.significant().1)
}

/// Returns whether the text is surely canonical: an integer of up to 38 digits without a leading zero or a sign `+`.
#[inline]
pub(crate) fn is_canonical(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    match digits {
        [b'1'..=b'9'] => true,
        [b'1'..=b'9', middle @ .., b'0'..=b'9'] => {
            digits.len() <= SIGNIFICANT && middle.iter().all(u8::is_ascii_digit)
        }
        _ => text == b"0",
    }
}

/// Returns the canonical spelling of a number.
pub(crate) fn canonical(text: &[u8]) -> Result<String, NotANumber> {
    let parts = checked(text)?;
    let (leading, significant, trailing) = parts.significant();
    if significant == 0 {
        return Ok("0".to_owned());
    }
    let digits: String = parts.digits().skip(leading).take(significant).map(char::from).collect();
    let exponent = parts.exponent - parts.fraction.len() as i64 + trailing as i64;
    let sign = if parts.negative { "-" } else { "" };
    Ok(match usize::try_from(exponent) {
        Ok(zeros) if significant + zeros <= SIGNIFICANT => format!("{sign}{digits}{}", "0".repeat(zeros)),
        _ => format!("{sign}{digits}E{exponent}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_dynamodb_are_accepted() {
        let nines = "9".repeat(38);
        for text in [
            "0",
            "-0",
            "+5",
            "1.50",
            ".5",
            "5.",
            "007",
            "1e5",
            "1E+5",
            "1E-130",
            "9.9999999999999999999999999999999999999E+125",
            "-9.9999999999999999999999999999999999999E125",
            "0E99999999999999999999999",
            "0000000000000000000000000000000000000000000000000000001",
            "1000000000000000000000000000000000000000000000000000000",
            "0.00000000000000000000000000000000000000000000000000001",
            &nines,
        ] {
            assert_eq!(check(text.as_bytes()), Ok(()), "{text}");
        }
    }

    #[test]
    fn other_numbers_are_refused_with_the_reason() {
        for text in [
            "", "-", "+", ".", "e5", "1e", "1e+", "0x1", "1 ", " 1", "1,5", "1.5.2", "NaN", "--1", "1e5.0",
            "1_0",
        ] {
            assert_eq!(check(text.as_bytes()), Err(NotANumber::Syntax), "{text}");
        }
        for text in ["1".repeat(39), format!("{}.1", "1".repeat(38)), format!("1{}1", "0".repeat(37))] {
            assert_eq!(check(text.as_bytes()), Err(NotANumber::TooManyDigits), "{text}");
        }
        for text in
            ["1E126", "1E-131", "0.1E-130", "10E125", "1E99999999999999999999", "1E-99999999999999999999"]
        {
            assert_eq!(check(text.as_bytes()), Err(NotANumber::OutOfRange), "{text}");
        }
    }

    #[test]
    fn equal_numbers_have_one_canonical_spelling() {
        for (canonical_text, spellings) in [
            ("1", &["1", "1.0", "10E-1", "+1", "0001", "0.1e1", "1."][..]),
            ("0", &["0", "-0", "0.00", "0E5", ".0", "-0E-99"]),
            ("-15E-1", &["-1.5", "-1.50", "-15e-1", "-0.15E+1"]),
            ("1200", &["1200", "12E2", "1.2e3", "1200.000"]),
            ("1E100", &["1E100", "10E99", "0.1E101"]),
            ("-120", &["-120", "-0120", "-12E1"]),
            ("9", &["9", "09"]),
        ] {
            for spelling in spellings {
                assert_eq!(canonical(spelling.as_bytes()).as_deref(), Ok(canonical_text), "{spelling}");
            }
            assert_eq!(canonical(canonical_text.as_bytes()).as_deref(), Ok(canonical_text));
            for spelling in spellings.iter().filter(|spelling| is_canonical(spelling.as_bytes())) {
                assert_eq!(*spelling, canonical_text);
            }
        }
    }
}
