//! Zstandard with all that files in the wild have: several frames, frames to skip, checksums.

use std::io::{self, BufRead, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// Whether bytes begin like a zstd file: with a frame, or with one to skip (RFC 8878, section 3.1).
pub(crate) fn begins(head: &[u8]) -> bool {
    head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd])
        || matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

/// Unpacks one frame after the other.
///
/// The decoder that `ruzstd` calls streaming stops after the first frame and checks no sum: what follows
/// would be lost without a word, and damage would go unseen.
pub(crate) struct Frames<R> {
    input: R,
    decoder: FrameDecoder,
    in_frame: bool,
}

impl<R: BufRead> Frames<R> {
    pub(crate) fn new(input: R) -> Self {
        Self {
            input,
            decoder: FrameDecoder::new(),
            in_frame: false,
        }
    }

    /// Goes to the next frame, over those to skip. `false` at the end of the input.
    fn next_frame(&mut self) -> io::Result<bool> {
        while !self.input.fill_buf()?.is_empty() {
            match self.decoder.reset(&mut self.input) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let length = u64::from(length);
                    let mut skipped = (&mut self.input).take(length);
                    if io::copy(&mut skipped, &mut io::sink())? < length {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(io::Error::other(error.to_string())),
            }
        }
        Ok(false)
    }

    fn check_sum(&self) -> io::Result<()> {
        match (
            self.decoder.get_checksum_from_data(),
            self.decoder.get_calculated_checksum(),
        ) {
            (Some(stated), Some(found)) if stated != found => {
                Err(io::Error::other("its checksum does not match"))
            }
            _ => Ok(()),
        }
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.in_frame && !self.next_frame()? {
                return Ok(0);
            }
            self.in_frame = true;
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                self.decoder
                    .decode_blocks(&mut self.input, BlockDecodingStrategy::UptoBlocks(1))
                    .map_err(|error| io::Error::other(error.to_string()))?;
            }
            let count = self.decoder.read(buffer)?;
            if count > 0 {
                return Ok(count);
            }
            self.check_sum()?;
            self.in_frame = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    fn check(packed: &[u8], expected: Option<&[u8]>) {
        let mut unpacked = Vec::new();
        let outcome = Frames::new(packed).read_to_end(&mut unpacked);
        assert_eq!(outcome.ok().map(|_| &*unpacked), expected);
    }

    fn pack(bytes: &[u8]) -> Vec<u8> {
        compress_to_vec(bytes, CompressionLevel::Fastest)
    }

    #[test]
    fn every_frame_is_read_and_those_to_skip_are_skipped() {
        let (one, two) = (pack(b"one "), pack(b"two"));
        let skip = [&[0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"???"].concat();
        check(&one, Some(b"one "));
        check(&pack(b""), Some(b""));
        check(&[&*one, &two].concat(), Some(b"one two"));
        check(
            &[&*skip, &one, &pack(b""), &skip, &two, &skip].concat(),
            Some(b"one two"),
        );
        assert!(begins(&one) && begins(&skip) && !begins(b"one") && !begins(&[0x50]));
    }

    #[test]
    fn what_is_cut_off_or_damaged_is_an_error() {
        let packed = pack(&[b'x'; 1000]);
        for end in 1..packed.len() {
            check(&packed[..end], None);
        }
        check(&[&*packed, b"rest"].concat(), None);
        check(&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1], None);
        let mut damaged = pack(b"some words that nothing shortens");
        let at = damaged.len() / 2;
        damaged[at] ^= 1;
        check(&damaged, None);
    }
}
