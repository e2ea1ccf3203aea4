//! A list that grows by pieces of fixed size: what is in it never moves, so that no push waits for a copy of all before it, and the
//! next piece can be made ready beforehand, so that none waits for the system to find memory either.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Entries of a piece.
const PIECE: usize = 1024;

/// Entries written by a call of [`Pieces::prepare`].
const STRIDE: usize = 2;

/// A list in pieces, written as a plain list.
#[derive(Clone, Debug)]
pub(super) struct Pieces<T> {
    pieces: Vec<Vec<T>>,
    /// The next piece: what is written in it says nothing, its memory is there.
    spare: Vec<T>,
}

impl<T> Default for Pieces<T> {
    fn default() -> Self {
        Self { pieces: Vec::new(), spare: Vec::new() }
    }
}

impl<T: PartialEq> PartialEq for Pieces<T> {
    fn eq(&self, other: &Self) -> bool {
        self.pieces == other.pieces
    }
}

impl<T: Eq> Eq for Pieces<T> {}

impl<T: Copy> Pieces<T> {
    /// Make a part of the next piece ready by writing `filler` there: called once an entry, where time matters less than at a push.
    #[inline]
    pub(super) fn prepare(&mut self, filler: T) {
        if self.spare.len() < PIECE {
            if self.spare.is_empty() {
                self.spare.reserve_exact(PIECE);
            }
            self.spare.extend([filler; STRIDE]);
        }
    }
}

impl<T> Pieces<T> {
    /// Entries.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.pieces.last().map_or(0, |last| (self.pieces.len() - 1) * PIECE + last.len())
    }

    /// True without entries.
    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Put `entry` at the end.
    #[inline]
    pub(super) fn push(&mut self, entry: T) {
        match self.pieces.last_mut() {
            Some(last) if last.len() < PIECE => last.push(entry),
            _ => self.push_piece(entry),
        }
    }

    #[cold]
    fn push_piece(&mut self, entry: T) {
        let mut piece = std::mem::take(&mut self.spare);
        piece.clear();
        piece.reserve_exact(PIECE);
        piece.push(entry);
        self.pieces.push(piece);
    }

    /// The entry at `index`.
    #[inline]
    pub(super) fn get(&self, index: usize) -> Option<&T> {
        self.pieces.get(index / PIECE)?.get(index % PIECE)
    }

    /// The entry at `index`, to be changed.
    #[inline]
    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        self.pieces.get_mut(index / PIECE)?.get_mut(index % PIECE)
    }

    /// All entries in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.pieces.iter().flatten()
    }

    /// All entries in one list.
    #[must_use]
    pub(super) fn into_vec(self) -> Vec<T> {
        let mut all = Vec::with_capacity(self.len());
        self.pieces.into_iter().for_each(|mut piece| all.append(&mut piece));
        all
    }
}

impl<T> FromIterator<T> for Pieces<T> {
    fn from_iter<I: IntoIterator<Item = T>>(entries: I) -> Self {
        let mut pieces = Self::default();
        entries.into_iter().for_each(|entry| pieces.push(entry));
        pieces
    }
}

impl<T: Serialize> Serialize for Pieces<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeSeq;
        let mut list = serializer.serialize_seq(Some(self.len()))?;
        for entry in self.iter() {
            list.serialize_element(entry)?;
        }
        list.end()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Pieces<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::{PIECE, Pieces};

    #[test]
    fn a_list_in_pieces_is_the_list() {
        for n in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 7] {
            let whole: Vec<usize> = (0..n).collect();
            let mut pieces: Pieces<usize> = Pieces::default();
            for &entry in &whole {
                pieces.push(entry);
                if n % 2 == 1 {
                    pieces.prepare(usize::MAX);
                }
            }
            assert_eq!((pieces.len(), pieces.is_empty()), (n, n == 0));
            assert!(pieces.iter().eq(&whole));
            assert!(pieces.get(n).is_none() && pieces.get_mut(n).is_none());
            if let Some(last) = pieces.get_mut(n.wrapping_sub(1)) {
                *last += 1;
                assert_eq!(pieces.get(n - 1), Some(&n));
                *pieces.get_mut(n - 1).expect("it is there") -= 1;
            }
            let bytes = postcard::to_stdvec(&pieces).expect("it can be written");
            assert_eq!(bytes, postcard::to_stdvec(&whole).expect("it can be written"), "written as a plain list");
            assert_eq!(postcard::from_bytes::<Pieces<usize>>(&bytes).expect("it can be read"), pieces);
            assert_eq!(pieces.into_vec(), whole);
        }
    }
}
