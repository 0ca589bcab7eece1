//! The MD5 of a file's content for `media_hash`, of one content or of many side by side.
//!
//! This hash is half of an upload's time, so it is not computed by the crate md-5, as signatures
//! are, but by code that compilers optimize better. The tests compare the two.

use alloc::{vec, vec::Vec};
use core::{array, cmp::Reverse, fmt, hint::black_box, ops::Range};

use crate::signature::{hex, text};

/// Computes the MD5 of a content, piece by piece.
///
/// It goes into the field `media_hash` of an upload, and proves nothing by itself: the
/// [`Signature`](crate::Signature) over that field does. Hash the very bytes that are sent: a file
/// may change between two reads.
///
/// ```
/// use wxpay_sign::ContentMd5;
///
/// let mut md5 = ContentMd5::new();
/// md5.update(b"message ");
/// md5.update(b"digest");
/// let hash = md5.finish();
/// assert_eq!(hash.as_str(), "f96b697d7cb7938d525a2f31aaf161d0");
/// assert_eq!(ContentMd5::of(b"message digest"), hash);
/// ```
#[derive(Clone)]
pub struct ContentMd5 {
    state: State,
    /// The number of appended bytes.
    length: u64,
    /// Starts with the appended bytes that do not fill a block yet.
    rest: Block,
}

impl ContentMd5 {
    /// The MD5 of an empty content, to which [`update`](Self::update) appends.
    #[must_use]
    pub fn new() -> Self {
        Self {
            state: INITIAL,
            length: 0,
            rest: [0; 64],
        }
    }

    /// Hashes one content in memory.
    #[must_use]
    pub fn of(content: &[u8]) -> ContentHash {
        let mut md5 = Self::new();
        md5.update(content);
        md5.finish()
    }

    /// Hashes many contents, four side by side. Sixty-four of any lengths take less than half of
    /// the time that they take one after the other; two are already faster.
    #[must_use]
    pub fn of_many(contents: &[impl AsRef<[u8]>]) -> Vec<ContentHash> {
        let mut hashes = vec![ContentHash::new(INITIAL); contents.len()];
        // Longest first, so that the lanes end at about the same time.
        let mut order: Vec<_> = (0..contents.len()).collect();
        order.sort_unstable_by_key(|index| Reverse(contents[*index].as_ref().len()));
        let mut waiting = order.into_iter();
        let mut lanes = Vec::with_capacity(LANES);
        loop {
            let free = waiting.by_ref().take(LANES - lanes.len());
            lanes.extend(free.map(|index| Message::new(index, contents[index].as_ref())));
            let Some(blocks) = lanes.iter().map(|lane| lane.blocks().len()).min() else {
                return hashes;
            };
            match &mut lanes[..] {
                [alone] => alone.state = compressed(alone.state, alone.blocks()),
                lanes => compress_lanes(lanes, blocks),
            }
            lanes.retain_mut(|lane| {
                lane.advance(blocks);
                let goes_on = !lane.blocks().is_empty();
                if !goes_on {
                    hashes[lane.index] = ContentHash::new(lane.state);
                }
                goes_on
            });
        }
    }

    /// Appends a piece of any length to the content.
    pub fn update(&mut self, mut bytes: &[u8]) {
        let filled = self.filled();
        self.length = self.length.wrapping_add(bytes.len() as u64);
        if filled != 0 {
            let (first, others) = bytes.split_at(bytes.len().min(64 - filled));
            self.rest[filled..][..first.len()].copy_from_slice(first);
            if filled + first.len() < 64 {
                return;
            }
            self.state = compressed(self.state, &[self.rest]);
            bytes = others;
        }
        let (blocks, rest) = bytes.as_chunks();
        self.state = compressed(self.state, blocks);
        self.rest[..rest.len()].copy_from_slice(rest);
    }

    /// The hash of all bytes that were appended.
    #[must_use]
    pub fn finish(self) -> ContentHash {
        let (tail, blocks) = padded(&self.rest[..self.filled()], self.length);
        ContentHash::new(compressed(self.state, &tail[blocks]))
    }

    fn filled(&self) -> usize {
        (self.length % 64) as usize
    }
}

impl Default for ContentMd5 {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows nothing of the content.
impl fmt::Debug for ContentMd5 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContentMd5").finish_non_exhaustive()
    }
}

type State = [u32; 4];
type Block = [u8; 64];

const INITIAL: State = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];

/// A content that a lane hashes.
struct Message<'c> {
    index: usize,
    state: State,
    whole: &'c [Block],
    tail: [Block; 2],
    of_tail: Range<usize>,
}

impl<'c> Message<'c> {
    fn new(index: usize, content: &'c [u8]) -> Self {
        let (whole, rest) = content.as_chunks();
        let (tail, of_tail) = padded(rest, content.len() as u64);
        Self {
            index,
            state: INITIAL,
            whole,
            tail,
            of_tail,
        }
    }

    /// The next blocks that are contiguous in memory; none at the end.
    fn blocks(&self) -> &[Block] {
        match self.whole {
            [] => &self.tail[self.of_tail.clone()],
            whole => whole,
        }
    }

    fn advance(&mut self, blocks: usize) {
        match self.whole {
            [] => self.of_tail.start += blocks,
            whole => self.whole = &whole[blocks..],
        }
    }
}

/// The last bytes of a content, a bit, zeros, and the content's length in bits: one block or two.
fn padded(rest: &[u8], length: u64) -> ([Block; 2], Range<usize>) {
    let mut tail = [[0; 64]; 2];
    let blocks = if rest.len() < 56 { 1 } else { 2 };
    let bytes = tail[..blocks].as_flattened_mut();
    bytes[..rest.len()].copy_from_slice(rest);
    bytes[rest.len()] = 0x80;
    let at = bytes.len() - 8;
    bytes[at..].copy_from_slice(&length.wrapping_mul(8).to_le_bytes());
    (tail, 0..blocks)
}

fn compressed(mut state: State, blocks: &[Block]) -> State {
    // LLVM adds a known constant and two operands by one `lea`, which takes longer than two
    // additions: hashing is a fifth slower. The black box hides the constants.
    let constants = black_box(&CONSTANTS);
    for block in blocks {
        state = compress(state, |index| word(block, index), constants);
    }
    state
}

/// Number of 32-bit words in a vector of the oldest x86-64 and 64-bit ARM. Eight lanes are slower
/// on the same machine: their state does not fit into the registers.
const LANES: usize = 4;

/// A lane without a message repeats the last one.
fn compress_lanes(messages: &mut [Message<'_>], count: usize) {
    let message = |lane: usize| &messages[lane.min(messages.len() - 1)];
    let blocks: [_; LANES] = array::from_fn(|lane| &message(lane).blocks()[..count]);
    // Indexed by word, then by lane.
    let mut states: [[u32; LANES]; 4] =
        array::from_fn(|word| array::from_fn(|lane| message(lane).state[word]));
    for at in 0..count {
        let [a, b, c, d] = blocks.map(|blocks| &blocks[at]);
        let words: [_; 16] = array::from_fn(|i| [word(a, i), word(b, i), word(c, i), word(d, i)]);
        // The compiler makes vector instructions of this loop, which has no branch and contiguous
        // data.
        for lane in 0..LANES {
            let before = array::from_fn(|word| states[word][lane]);
            let after = compress(before, |index| words[index][lane], &CONSTANTS);
            for word in 0..4 {
                states[word][lane] = after[word];
            }
        }
    }
    for (lane, message) in messages.iter_mut().enumerate() {
        message.state = states.map(|word| word[lane]);
    }
}

fn word(block: &Block, index: usize) -> u32 {
    let (words, _) = block.as_chunks();
    u32::from_le_bytes(words[index])
}

/// RFC 1321, 3.4. Inlined, so that each caller has its own optimized copy.
#[inline(always)]
fn compress(state: State, word: impl Fn(usize) -> u32, constants: &[u32; 64]) -> State {
    let [mut a, mut b, mut c, mut d] = state;
    // The steps are written out: a loop would keep the loop over the lanes from becoming vector
    // instructions. The step before has just computed `b`: everything that needs no `b` is summed
    // first.
    macro_rules! round {
        ($($step:literal)*, $stride:literal, $first:literal, $shifts:expr, $mix:expr) => {
            let mix: fn(u32, u32, u32, u32) -> u32 = $mix;
            $(
                let sum = a.wrapping_add(constants[$step]);
                let sum = sum.wrapping_add(word(($stride * $step + $first) % 16));
                let turned = mix(sum, b, c, d).rotate_left($shifts[$step % 4]);
                (a, d, c, b) = (d, c, b, b.wrapping_add(turned));
            )*
        };
    }
    round!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15, 1, 0, [7, 12, 17, 22], |sum, b, c, d| {
        sum.wrapping_add(d ^ (b & (c ^ d)))
    });
    // The two terms have no bit in common, so their sum is their union: an addition more than by
    // `|`, but one operation less waits for `b`.
    round!(16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31, 5, 1, [5, 9, 14, 20], |sum, b, c, d| {
        sum.wrapping_add(c & !d).wrapping_add(b & d)
    });
    round!(32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47, 3, 5, [4, 11, 16, 23], |sum, b, c, d| {
        sum.wrapping_add(b ^ (c ^ d))
    });
    round!(48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63, 7, 0, [6, 10, 15, 21], |sum, b, c, d| {
        sum.wrapping_add(c ^ (b | !d))
    });
    let after = [a, b, c, d];
    array::from_fn(|word| state[word].wrapping_add(after[word]))
}

/// The integer part of 2³² times the absolute sine of 1 to 64 radians.
static CONSTANTS: [u32; 64] = [
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
];

/// The MD5 of a content in 32 lower-case hexadecimal digits, as the API takes it in `media_hash`.
///
/// It is no secret, so its comparison is the ordinary one.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentHash {
    digits: [u8; 32],
}

impl ContentHash {
    fn new(state: State) -> Self {
        let bytes = state.map(u32::to_le_bytes);
        Self {
            digits: hex(b'a', bytes.as_flattened()),
        }
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        text(&self.digits)
    }
}

impl AsRef<str> for ContentHash {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ContentHash").field(&self.as_str()).finish()
    }
}
