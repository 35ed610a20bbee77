//! Constants as SQL Server types them.

use super::convert;
use crate::sandbox::value::Value;

/// A numeric constant as SQL Server types it.
pub fn number(digits: &str, negative: bool) -> Option<Value> {
    let text = if negative { format!("-{digits}") } else { digits.to_owned() };
    if text.contains(['e', 'E']) {
        return text.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Float);
    }
    if let Ok(number) = text.parse() {
        return Some(Value::Int(number));
    }
    if let Ok(number) = text.parse() {
        return Some(Value::BigInt(number));
    }
    let (unscaled, scale) = convert::parse_decimal(&text)?;
    Some(Value::Decimal { unscaled, scale })
}

/// The bytes of a `0x` constant, without its `0x`.
pub fn bytes(digits: &str) -> Option<Vec<u8>> {
    let padded = if digits.len().is_multiple_of(2) { digits.to_owned() } else { format!("0{digits}") };
    padded
        .as_bytes()
        .chunks(2)
        .map(|pair| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok()))
        .collect()
}
