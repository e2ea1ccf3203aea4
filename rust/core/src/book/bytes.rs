//! A book as bytes: its settings, what it has counted, and the changes that make it anew.

use super::config::{BookConfig, Counts};
use super::order_book::OrderBook;
use crate::event::{BookDelta, DeltaBatch};
use crate::types::{InstrumentId, Timestamp};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
struct Image {
    config: BookConfig,
    counts: Counts,
    rows: Vec<BookDelta>,
}

impl Serialize for OrderBook {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let batch = self.to_deltas(Timestamp::MIN, InstrumentId(0));
        let rows = (0..batch.len()).map(|i| batch.get(i)).collect();
        Image { config: *self.config(), counts: *self.counts(), rows }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for OrderBook {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let image = Image::deserialize(deserializer)?;
        let mut batch = DeltaBatch::with_capacity(image.rows.len());
        batch.push_all(&image.rows);
        let mut book = Self::with_config(image.config).map_err(D::Error::custom)?;
        book.restore(&batch, image.counts).map_err(D::Error::custom)?;
        Ok(book)
    }
}
