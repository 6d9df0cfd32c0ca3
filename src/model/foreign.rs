//! What a file is that was given for a checkpoint and is no safetensors file, and how it becomes one: people have their
//! networks in the formats of other programs, and downloads leave pages and pointers in place of files.

/// A sentence on what these bytes are, where they tell it.
pub fn recognise(bytes: &[u8]) -> Option<&'static str> {
    // A header of safetensors, damaged or cut short: its length's own bytes may be those of anything below.
    if bytes.get(8) == Some(&b'{') {
        return None;
    }
    let has = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    let text = bytes.trim_ascii_start();
    let begins =
        |word: &str| text.get(..word.len()).is_some_and(|it| it.eq_ignore_ascii_case(word.as_bytes()));
    Some(match bytes {
        [] => "it is empty",
        [b'P', b'K', 3, 4, ..] if has(b"/constants.pkl") => {
            "it is a TorchScript archive; in Python: safetensors.torch.save_file(torch.jit.load(FILE).state_dict(), NEW)"
        }
        [b'P', b'K', 3, 4, ..] if has(b"/data.pkl") => TORCH,
        [b'P', b'K', 3, 4, ..] if has(b".npy") => {
            "it is an .npz file of NumPy; in Python: safetensors.numpy.save_file(dict(numpy.load(FILE)), NEW)"
        }
        [b'P', b'K', 3, 4, ..] => "it is a zip archive; take the checkpoint out of it",
        // A pickle of protocol 2 to 5; earlier versions of PyTorch write several, one after the other.
        [0x80, 2..=5, 1..=255, ..] => TORCH,
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => {
            "it is an .npy file, one array of NumPy without a name; in Python: safetensors.numpy.save_file({NAME: ARRAY, ..}, NEW)"
        }
        [b'G', b'G', b'U', b'F', ..] => {
            "it is a GGUF file, as llama.cpp reads it; in Python: gguf.GGUFReader(FILE).tensors has its arrays, \
             safetensors.numpy.save_file({NAME: ARRAY, ..}, NEW) writes them"
        }
        [0x89, b'H', b'D', b'F', ..] => {
            "it is an HDF5 file, as Keras writes it; in Python: h5py.File(FILE) has its arrays, \
             safetensors.numpy.save_file({NAME: ARRAY, ..}, NEW) writes them"
        }
        [0x1f, 0x8b, ..] => "it is compressed (gzip); unpack it first",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "it is compressed (zstd); unpack it first",
        [0xfd, b'7', b'z', b'X', b'Z', ..] => "it is compressed (xz); unpack it first",
        _ if begins("version https://git-lfs") => {
            "it is a pointer of Git LFS, not the file itself; fetch that: git lfs pull"
        }
        _ if begins("<!doctype html") || begins("<html") || begins("<?xml") => {
            "it is a web page, as a download leaves that has met a login or an error; download the file itself"
        }
        _ if begins("{") && has(b"\"weight_map\"") => {
            "it is the index of a checkpoint in several files; load these in Python and save them as one with safetensors"
        }
        _ if (begins("{") || begins("[")) && !bytes.contains(&0) => "it is JSON",
        _ => return None,
    })
}

/// Whether it holds tensors alone or more besides cannot be said without running it.
const TORCH: &str = "it is a pickle, as torch.save writes it; in Python: \
     safetensors.torch.save_file(torch.load(FILE, weights_only=True), NEW), of a state_dict";
