//! Arguments, split as src/cli/parse-flags.ts splits them. Every doubt ends in `None`: the whole command line says what is
//! wrong with them.

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Bool,
    /// The last one counts.
    Text,
    /// May be given many times.
    List,
}

/// Name, short form, kind.
pub type Flag = (&'static str, Option<char>, Kind);

#[derive(Debug, PartialEq, Eq)]
pub struct Flags<'a> {
    given: Vec<(&'static str, &'a str)>,
    pub rest: Vec<&'a str>,
}

pub fn parse<'a>(known: &[Flag], words: &[&'a str]) -> Option<Flags<'a>> {
    let mut flags = Flags {
        given: Vec::new(),
        rest: Vec::new(),
    };
    let mut words = words.iter().copied();
    while let Some(word) = words.next() {
        if word == "--" {
            break;
        }
        if let Some(long) = word.strip_prefix("--") {
            let (name, value) = long.split_once('=').map_or((long, None), |(n, v)| (n, Some(v)));
            let flag = known.iter().find(|(known, ..)| *known == name)?;
            let value = match (value, flag.2) {
                (Some(value), _) => value,
                (None, Kind::Bool) => "true",
                (None, _) => words.next()?,
            };
            flags.record(flag, value)?;
        } else if word.len() > 1 && word.starts_with('-') {
            flags.shorts(known, &word[1..], &mut words)?;
        } else {
            flags.rest.push(word);
            break;
        }
    }
    flags.rest.extend(words);
    Some(flags)
}

impl<'a> Flags<'a> {
    fn shorts(&mut self, known: &[Flag], word: &'a str, words: &mut impl Iterator<Item = &'a str>) -> Option<()> {
        let letters = word.char_indices();
        for (at, letter) in letters {
            let flag = known.iter().find(|(_, short, _)| *short == Some(letter))?;
            let rest = &word[at + letter.len_utf8()..];
            if let Some(value) = rest.strip_prefix('=') {
                return self.record(flag, value);
            }
            if flag.2 != Kind::Bool {
                let value = if rest.is_empty() { words.next()? } else { rest };
                return self.record(flag, value);
            }
            self.record(flag, "true")?;
        }
        Some(())
    }

    fn record(&mut self, &(name, _, kind): &Flag, value: &'a str) -> Option<()> {
        let value = if kind == Kind::Bool { truth(value)? } else { value };
        self.given.push((name, value));
        Some(())
    }

    pub fn has(&self, name: &str) -> bool {
        self.given.iter().any(|(given, _)| *given == name)
    }

    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.given
            .iter()
            .rev()
            .find(|(given, _)| *given == name)
            .map(|(_, value)| *value)
    }

    pub fn truth(&self, name: &str) -> bool {
        self.text(name) == Some("true")
    }

    pub fn list(&self, name: &str) -> Vec<&'a str> {
        let of = |(given, value): &(&str, &'a str)| (*given == name).then_some(*value);
        self.given.iter().filter_map(of).collect()
    }
}

fn truth(word: &str) -> Option<&'static str> {
    match word.to_ascii_lowercase().as_str() {
        "1" | "t" | "true" => Some("true"),
        "0" | "f" | "false" => Some("false"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[Flag] = &[
        ("rm", None, Kind::Bool),
        ("interactive", Some('i'), Kind::Bool),
        ("env", Some('e'), Kind::List),
        ("user", Some('u'), Kind::Text),
    ];

    #[test]
    fn parse_takes_flags_up_to_the_first_positional() {
        let flags = parse(
            KNOWN,
            &["--rm", "-ie", "A=1", "-eB=2", "--user=0", "-u=1", "image", "--rm", "-x"],
        )
        .unwrap();
        assert!(flags.truth("rm") && flags.truth("interactive"));
        assert_eq!(flags.list("env"), ["A=1", "B=2"]);
        assert_eq!(flags.text("user"), Some("1"));
        assert_eq!(flags.rest, ["image", "--rm", "-x"]);
    }

    #[test]
    fn parse_ends_flags_at_two_dashes_and_takes_a_dash_as_positional() {
        assert_eq!(parse(KNOWN, &["--", "--rm", "--"]).unwrap().rest, ["--rm", "--"]);
        assert_eq!(parse(KNOWN, &["-", "--rm"]).unwrap().rest, ["-", "--rm"]);
        assert!(!parse(KNOWN, &["--rm=F", "x"]).unwrap().truth("rm"));
    }

    #[test]
    fn parse_leaves_what_it_does_not_know() {
        for words in [
            ["--nope", "x"],
            ["-z", "x"],
            ["--rm=maybe", "x"],
            ["-iz", "x"],
            ["--help", "x"],
        ] {
            assert_eq!(parse(KNOWN, &words), None, "{words:?}");
        }
        assert_eq!(parse(KNOWN, &["--user"]), None);
        assert_eq!(parse(KNOWN, &["-e"]), None);
    }
}
