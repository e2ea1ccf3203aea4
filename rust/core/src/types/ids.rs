//! Dense ids and the table that interns symbols.

use super::packed::{ShortTexts, pack};
use super::{Error, Result};
use bytemuck::{Pod, Zeroable};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// Index of an instrument in its [`Instruments`] table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Pod, Zeroable, Serialize, Deserialize)]
#[repr(transparent)]
pub struct InstrumentId(pub u32);

impl InstrumentId {
    /// As an index into a dense array.
    #[inline]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// An order's number within one engine, from 1 up in order of submission.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OrderId(pub u64);

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Index of a strategy within one engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StrategyId(pub u16);

impl StrategyId {
    /// As an index into a dense array.
    #[inline]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Buy or sell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Side {
    /// Buy.
    Buy,
    /// Sell.
    Sell,
}

impl Side {
    /// +1 for a buy, −1 for a sell.
    #[inline]
    pub const fn sign(self) -> i64 {
        match self {
            Self::Buy => 1,
            Self::Sell => -1,
        }
    }

    /// The other side.
    #[inline]
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }

    /// `buy` or `sell`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Buy => "buy",
            Self::Sell => "sell",
        }
    }
}

/// Index of a text in its [`Labels`] table; 0 is the empty text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Pod, Zeroable, Serialize, Deserialize)]
#[repr(transparent)]
pub struct Label(pub u32);

/// Short texts that come again and again (status codes, reasons), interned.
#[derive(Clone, Debug, Default)]
pub struct Labels {
    texts: Vec<String>,
    by_text: HashMap<String, Label>,
}

impl Labels {
    /// Most different texts in one table: past that, new ones read as the empty text, so that no input can fill the memory.
    pub const MAX: usize = 1 << 16;

    /// The label of `text`, made when it is new.
    pub fn intern(&mut self, text: &str) -> Label {
        if text.is_empty() {
            return Label(0);
        }
        if let Some(&label) = self.by_text.get(text) {
            return label;
        }
        if self.texts.len() >= Self::MAX {
            return Label(0);
        }
        self.texts.push(text.to_owned());
        let label = Label(self.texts.len() as u32);
        self.by_text.insert(text.to_owned(), label);
        label
    }

    /// The text of `label`; empty for a label of another table.
    pub fn text(&self, label: Label) -> &str {
        (label.0 as usize).checked_sub(1).and_then(|i| self.texts.get(i)).map_or("", String::as_str)
    }

    /// All texts, by label; the first is the empty one.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        std::iter::once("").chain(self.texts.iter().map(String::as_str))
    }
}

/// Symbols interned to dense ids, in order of first sight. A clone shares the table until one of the two grows.
#[derive(Clone, Debug, Default)]
pub struct Instruments(Arc<Symbols>);

#[derive(Clone, Debug, Default)]
struct Symbols {
    names: Vec<String>,
    short: ShortTexts,
    /// Symbols too long for `short`.
    long: HashMap<String, InstrumentId>,
}

impl Instruments {
    /// The id of `symbol`, made when it is new. A symbol is 1–32 printable ASCII characters without spaces.
    pub fn intern(&mut self, symbol: &str) -> Result<InstrumentId> {
        self.intern_bytes(symbol.as_bytes())
    }

    /// As [`Self::intern`], for text as it came from outside. Allocates for new symbols alone.
    #[inline]
    pub fn intern_bytes(&mut self, symbol: &[u8]) -> Result<InstrumentId> {
        match self.find(symbol) {
            Some(id) => Ok(id),
            None => self.add(symbol),
        }
    }

    #[inline]
    fn find(&self, symbol: &[u8]) -> Option<InstrumentId> {
        match pack(symbol) {
            Some(packed) => self.0.short.get(packed).map(InstrumentId),
            None => self.0.long.get(std::str::from_utf8(symbol).ok()?).copied(),
        }
    }

    #[cold]
    fn add(&mut self, symbol: &[u8]) -> Result<InstrumentId> {
        let text = String::from_utf8_lossy(symbol);
        if symbol.is_empty() || symbol.len() > 32 || !symbol.iter().all(u8::is_ascii_graphic) {
            return Err(Error::data(
                format!("symbol {text:?}"),
                "must be 1 to 32 printable ASCII characters without spaces, like BAC or BTC/USD",
            ));
        }
        let table = Arc::make_mut(&mut self.0);
        let id = u32::try_from(table.names.len()).map_err(|_| Error::Overflow { what: "instrument ids" })?;
        match pack(symbol) {
            Some(packed) => table.short.insert(packed, id),
            None => {
                table.long.insert(text.clone().into_owned(), InstrumentId(id));
            }
        }
        table.names.push(text.into_owned());
        Ok(InstrumentId(id))
    }

    /// The id of `symbol` if it is known.
    pub fn get(&self, symbol: &str) -> Option<InstrumentId> {
        self.find(symbol.as_bytes())
    }

    /// The symbol of `id`; `?` for an id of another table.
    pub fn symbol(&self, id: InstrumentId) -> &str {
        self.0.names.get(id.index()).map_or("?", String::as_str)
    }

    /// How many instruments are known.
    pub fn len(&self) -> usize {
        self.0.names.len()
    }

    /// True when none is known.
    pub fn is_empty(&self) -> bool {
        self.0.names.is_empty()
    }

    /// All symbols in order of id.
    pub fn symbols(&self) -> &[String] {
        &self.0.names
    }
}
