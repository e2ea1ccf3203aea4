//! Checkpoints: the chain so far, signed, in a record of its own.

use super::record::{CHAIN_BYTES, Chain, u64_at};
use super::segment::JournalId;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

const VERSION: u8 = 1;
const SIGNED: u8 = 1;
const CLOSING: u8 = 1 << 1;
const PLAIN_BYTES: usize = 48;
const KEY_ID_BYTES: usize = 16;
/// Bytes of a signed checkpoint's payload.
pub(super) const SIGNED_BYTES: usize = PLAIN_BYTES + KEY_ID_BYTES + Signature::BYTE_SIZE;
const CONTEXT: &[u8; 32] = b"tickwright journal checkpoint v1";

/// What a CHECKPOINT record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The last record that it covers: the one before its own.
    pub sequence: u64,
    /// The chain value after that record.
    pub chain: Chain,
    /// Whether the log was closed with it: all before it was durable before it was written.
    pub closing: bool,
    /// The id of the key and its signature.
    pub signature: Option<([u8; KEY_ID_BYTES], [u8; Signature::BYTE_SIZE])>,
}

/// The id of a public key: the first 16 bytes of its BLAKE3.
pub(super) fn key_id(key: &VerifyingKey) -> [u8; KEY_ID_BYTES] {
    let mut id = [0; KEY_ID_BYTES];
    id.copy_from_slice(&blake3::hash(key.as_bytes()).as_bytes()[..KEY_ID_BYTES]);
    id
}

impl Checkpoint {
    /// A checkpoint of the chain `chain` after record `sequence`, signed where there is a key.
    pub(super) fn make(id: JournalId, sequence: u64, chain: Chain, closing: bool, key: Option<&SigningKey>) -> Self {
        let mut made = Self { sequence, chain, closing, signature: None };
        if let Some(key) = key {
            made.signature = Some((key_id(&key.verifying_key()), [0; Signature::BYTE_SIZE]));
            let signature = key.sign(&made.message(id)).to_bytes();
            made.signature = Some((key_id(&key.verifying_key()), signature));
        }
        made
    }

    /// The bytes that are signed: a context, the journal's id, and the payload up to the signature.
    fn message(&self, id: JournalId) -> [u8; 48 + PLAIN_BYTES + KEY_ID_BYTES] {
        let mut message = [0; 48 + PLAIN_BYTES + KEY_ID_BYTES];
        message[..32].copy_from_slice(CONTEXT);
        message[32..48].copy_from_slice(&id.0);
        message[48..].copy_from_slice(&self.encode().0[..PLAIN_BYTES + KEY_ID_BYTES]);
        message
    }

    /// The payload of its record, and how much of it is used.
    pub(super) fn encode(&self) -> ([u8; SIGNED_BYTES], usize) {
        let mut bytes = [0; SIGNED_BYTES];
        bytes[0] = VERSION;
        bytes[1] = if self.closing { CLOSING } else { 0 };
        bytes[8..16].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[16..48].copy_from_slice(&self.chain.0);
        let Some((key, signature)) = &self.signature else { return (bytes, PLAIN_BYTES) };
        bytes[1] |= SIGNED;
        bytes[48..64].copy_from_slice(key);
        bytes[64..].copy_from_slice(signature);
        (bytes, SIGNED_BYTES)
    }

    /// The checkpoint in a CHECKPOINT record's payload; none where it is not one.
    pub fn decode(payload: &[u8]) -> Option<Self> {
        let signed = payload.len() == SIGNED_BYTES;
        let flags = *payload.get(1)?;
        let right = (signed || payload.len() == PLAIN_BYTES)
            && payload[0] == VERSION
            && flags & !(SIGNED | CLOSING) == 0
            && (flags & SIGNED != 0) == signed
            && payload[2..8].iter().all(|&b| b == 0);
        if !right {
            return None;
        }
        let signature = if signed { Some((payload[48..64].try_into().ok()?, payload[64..].try_into().ok()?)) } else { None };
        let chain = Chain::last_of(&payload[PLAIN_BYTES - CHAIN_BYTES..PLAIN_BYTES]);
        Some(Self { sequence: u64_at(payload, 8), chain, closing: flags & CLOSING != 0, signature })
    }

    /// Whether `key` signed it, for the journal `id`.
    pub fn signed_by(&self, id: JournalId, key: &VerifyingKey) -> bool {
        self.signature.is_some_and(|(named, signature)| {
            named == key_id(key) && key.verify_strict(&self.message(id), &Signature::from_bytes(&signature)).is_ok()
        })
    }
}
