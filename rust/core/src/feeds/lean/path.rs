//! What a Lean path says about its file.

use super::{Kind, LeanOptions, Resolution};
use crate::feeds::zone::{Date, parse_date};
use crate::types::{Error, Result};
use std::path::{Path, PathBuf};

/// One file to read.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub path: PathBuf,
    pub bytes: u64,
    pub symbol: String,
    pub kind: Kind,
    pub resolution: Resolution,
    pub date: Option<Date>,
    /// Where Lean keeps the factor file, when the path lies in its layout.
    pub factor_file: Option<PathBuf>,
}

/// What can be told from a path alone.
#[derive(Default)]
struct Told {
    symbol: Option<String>,
    kind: Option<Kind>,
    resolution: Option<Resolution>,
    date: Option<Date>,
    factor_file: Option<PathBuf>,
}

fn resolution_of(name: &str) -> Option<Resolution> {
    Resolution::ALL.into_iter().find(|r| r.as_str().eq_ignore_ascii_case(name))
}

fn name_of(path: Option<&Path>) -> &str {
    path.and_then(Path::file_name).and_then(|n| n.to_str()).unwrap_or_default()
}

/// Read the words of the file name (`20131007_quote`, `spy`, `20131007_bac_Quote_Tick`) and the folders above it.
fn tell(path: &Path) -> Told {
    let mut told = Told::default();
    let mut word_symbol = None;
    for word in path.file_stem().and_then(|s| s.to_str()).unwrap_or_default().split('_') {
        if let Some(date) = parse_date(word.as_bytes()) {
            told.date = Some(date);
        } else if word.eq_ignore_ascii_case("trade") {
            told.kind = Some(Kind::Trade);
        } else if word.eq_ignore_ascii_case("quote") {
            told.kind = Some(Kind::Quote);
        } else if let Some(resolution) = resolution_of(word) {
            told.resolution = Some(resolution);
        } else if !word.is_empty() {
            word_symbol = Some(word);
        }
    }
    let (parent, above) = (path.parent(), path.parent().and_then(Path::parent));
    let mut resolution_folder = None;
    if let Some(resolution) = resolution_of(name_of(parent)) {
        told.resolution = Some(resolution);
        resolution_folder = parent;
    } else if let Some(resolution) = resolution_of(name_of(above)) {
        told.resolution = Some(resolution);
        resolution_folder = above;
        word_symbol = Some(name_of(parent));
    }
    told.symbol = word_symbol.map(str::to_ascii_uppercase);
    if let (Some(market), Some(symbol)) = (resolution_folder.and_then(Path::parent), word_symbol) {
        told.factor_file = Some(market.join("factor_files").join(format!("{}.csv", symbol.to_ascii_lowercase())));
    }
    if told.kind.is_none() && told.resolution.is_some_and(|r| !r.is_by_day()) {
        told.kind = Some(Kind::Trade);
    }
    told
}

fn source(path: &Path, told: Told, options: &LeanOptions) -> Result<Source> {
    let missing =
        |field: &str, example: &str| Error::config(field, format!("cannot be told from the path {}; give it, {example}", path.display()));
    let resolution =
        options.resolution.or(told.resolution).ok_or_else(|| missing("resolution", "like tick, second, minute, hour or daily"))?;
    let kind = options.kind.or(told.kind).ok_or_else(|| missing("kind", "trade or quote"))?;
    let symbol = options.symbol.clone().or(told.symbol).ok_or_else(|| missing("symbol", "like BAC"))?;
    let date = if resolution.is_by_day() {
        Some(options.date.or(told.date).ok_or_else(|| missing("date", "the day that the file holds, like 2013-10-07"))?)
    } else {
        None
    };
    let bytes = std::fs::metadata(path).map_or(0, |m| m.len());
    Ok(Source { path: path.to_owned(), bytes, symbol, kind, resolution, date, factor_file: told.factor_file })
}

/// The files that `path` and `options` mean, in order of name.
pub(super) fn sources(path: &Path, options: &LeanOptions) -> Result<Vec<Source>> {
    let place = path.display().to_string();
    if !path.exists() {
        return Err(Error::data(place, "no such file or folder; check the path, like equity/usa/tick/bac/20131007_quote.zip"));
    }
    if !path.is_dir() {
        return Ok(vec![source(path, tell(path), options)?]);
    }
    let unreadable = |e: std::io::Error| Error::data(place.clone(), format!("the folder cannot be read ({e}); check its permissions"));
    let mut files: Vec<(PathBuf, Told)> = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        let is_data = file.extension().is_some_and(|e| e.eq_ignore_ascii_case("zip") || e.eq_ignore_ascii_case("csv"));
        if is_data && file.is_file() {
            let told = tell(&file);
            files.push((file, told));
        }
    }
    files.sort_by(|a, b| a.0.cmp(&b.0));
    if let Some(symbol) = &options.symbol
        && files.iter().any(|(_, told)| told.symbol.as_ref() == Some(symbol))
    {
        files.retain(|(_, told)| told.symbol.as_ref() == Some(symbol));
    }
    if let Some(kind) = options.kind {
        files.retain(|(_, told)| told.kind.is_none_or(|k| k == kind));
    }
    if let Some(date) = options.date {
        files.retain(|(_, told)| told.date.is_none_or(|d| d == date));
    }
    if files.is_empty() {
        return Err(Error::data(
            place,
            "holds no zip or csv file of what was asked for; give the folder of one symbol, like equity/usa/tick/bac",
        ));
    }
    let mixed = files.iter().any(|(_, told)| told.symbol != files[0].1.symbol);
    if let (true, Some(symbol)) = (mixed, &options.symbol)
        && files[0].1.symbol.as_ref() != Some(symbol)
    {
        return Err(Error::config("symbol", format!("{symbol} is not among the files of {place}; check its spelling")));
    }
    let mut sources: Vec<Source> = Vec::with_capacity(files.len());
    for (file, told) in files {
        let next = source(&file, told, options)?;
        let same = |s: &&Source| (&s.symbol, s.kind, s.resolution, s.date) == (&next.symbol, next.kind, next.resolution, next.date);
        if let Some(twin) = sources.iter().find(same) {
            return Err(Error::data(
                file.display().to_string(),
                format!("holds the same symbol, date and kind as {}; take one of them away", twin.path.display()),
            ));
        }
        sources.push(next);
    }
    Ok(sources)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(path: &str) -> (Option<String>, Option<Kind>, Option<Resolution>, Option<String>) {
        let told = tell(Path::new(path));
        (told.symbol, told.kind, told.resolution, told.date.map(|d| d.to_string()))
    }

    #[test]
    fn the_path_tells_symbol_kind_resolution_and_date() {
        let some = |s: &str| Some(s.to_owned());
        assert_eq!(
            facts("equity/usa/tick/bac/20131007_quote.zip"),
            (some("BAC"), Some(Kind::Quote), Some(Resolution::Tick), some("2013-10-07"))
        );
        assert_eq!(facts("equity/usa/daily/spy.zip"), (some("SPY"), Some(Kind::Trade), Some(Resolution::Daily), None));
        assert_eq!(facts("20131007_bac_Quote_Tick.csv"), (some("BAC"), Some(Kind::Quote), Some(Resolution::Tick), some("2013-10-07")));
        assert_eq!(facts("download.csv"), (some("DOWNLOAD"), None, None, None));
        let factor_file = tell(Path::new("usa/minute/AAPL/20140605_trade.zip")).factor_file;
        assert_eq!(factor_file, Some(PathBuf::from("usa/factor_files/aapl.csv")));
    }
}
