//! The words of reports: what a misspelt word most likely means, lists of alternatives, large numbers.

/// Names that other programs and the papers use, without their hyphens and underscores.
const SYNONYMS: [(&str, &str); 12] = [
    ("lr", "inner_lr"),
    ("learningrate", "inner_lr"),
    ("alpha", "inner_lr"),
    ("beta", "outer_lr"),
    ("metalr", "outer_lr"),
    ("k", "shots"),
    ("k", "inner_steps"),
    ("width", "hidden"),
    ("units", "hidden"),
    ("batchsize", "meta_batch"),
    ("dtype", "precision"),
    ("nonlinearity", "activation"),
];

/// Whether bytes look like a text in UTF-16, be it marked or not: every other byte of what it begins with is 0.
pub fn looks_like_utf16(bytes: &[u8]) -> bool {
    let is_marked = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    let zeros = |pair: usize| bytes.iter().skip(pair).step_by(2).take(8).filter(|byte| **byte == 0).count();
    is_marked || [(0, 1), (1, 0)].iter().any(|(zero, other)| zeros(*zero) > 3 && zeros(*other) == 0)
}

/// A number with a comma in place of its point, as it is written here.
pub fn with_a_point(text: &str) -> Option<String> {
    let (whole, part) = text.trim().split_once(',')?;
    let is_number =
        part.starts_with(|c: char| c.is_ascii_digit()) && whole.ends_with(|c: char| c.is_ascii_digit());
    let text = format!("{whole}.{part}");
    (is_number && text.parse::<f64>().is_ok()).then_some(text)
}

/// The candidate that a misspelt word most likely means.
pub fn nearest<'c>(word: &str, candidates: &[&'c str]) -> Option<&'c str> {
    /// Longer words than this are no slip of the finger.
    const LONGEST: usize = 40;
    let plain = |word: &str| word.trim().to_lowercase().replace(['-', '_', ' '], "");
    let word = plain(word);
    let length = word.chars().count();
    if word.is_empty() || length > LONGEST {
        return None;
    }
    let synonyms = SYNONYMS.iter().filter(|(synonym, _)| *synonym == word);
    if let Some(name) = synonyms.filter_map(|(_, name)| candidates.iter().find(|c| *c == name)).next() {
        return Some(name);
    }
    let contains = |candidate: &str| length >= 3 && candidate.contains(&word);
    candidates
        .iter()
        .map(|candidate| {
            let plain = plain(candidate);
            let distance = strsim::damerau_levenshtein(&word, &plain);
            (if contains(&plain) { distance.min(1) } else { distance }, *candidate)
        })
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, _)| *distance <= (length / 3).max(1) && *distance < length)
        .map(|(_, candidate)| candidate)
}

/// `"a", "b" or "c"`.
pub fn alternatives(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

/// A number with a comma every three digits.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(["1", "999", "1,000", "1,000,000"], [1, 999, 1_000, 1_000_000].map(thousands));
    }
}
