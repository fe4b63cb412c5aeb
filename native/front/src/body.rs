//! What the requests' bodies have in common.

use serde_json::Value;

/// `KEY=value` as it is; a key alone hands our own value on, or nothing where we have none.
pub fn environment(options: &[&str]) -> Option<Vec<String>> {
    let mut result = Vec::new();
    for option in options {
        if option.is_empty() || option.starts_with('=') {
            return None;
        }
        if option.contains('=') {
            result.push((*option).to_owned());
        } else if let Some(value) = std::env::var_os(option) {
            result.push(format!("{option}={}", value.to_str()?));
        }
    }
    Some(result)
}

/// `KEY=value` pairs as an object; a key alone has the empty value.
pub fn pairs(texts: &[&str]) -> Option<Value> {
    let mut object = serde_json::Map::new();
    for text in texts {
        let (key, value) = text.split_once('=').unwrap_or((text, ""));
        if key == "__proto__" {
            return None; // not an ordinary key in JavaScript
        }
        object.insert(key.to_owned(), value.into());
    }
    Some(Value::Object(object))
}

/// As `encodeURIComponent` does.
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environment_hands_our_own_values_on() {
        let path = std::env::var("PATH").unwrap();
        let given = environment(&["A=b=c", "PATH", "SURELY_NOT_SET_HERE", "B="]).unwrap();
        assert_eq!(given, ["A=b=c".to_owned(), format!("PATH={path}"), "B=".to_owned()]);
        assert_eq!(environment(&["=x"]), None);
        assert_eq!(environment(&[""]), None);
    }

    #[test]
    fn pairs_keeps_the_last_of_a_key() {
        assert_eq!(
            pairs(&["a=1", "b", "a=2=3"]).unwrap(),
            serde_json::json!({"a": "2=3", "b": ""})
        );
        assert_eq!(pairs(&["__proto__=1"]), None);
    }

    #[test]
    fn encode_spares_what_javascript_spares() {
        assert_eq!(encode("a-b_c.d!~*'()"), "a-b_c.d!~*'()");
        assert_eq!(encode("a b/ü%"), "a%20b%2F%C3%BC%25");
    }
}
