//! Where a journal lies: the [`Storage`] trait, and [`Files`] in a folder.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A file of a storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name, without a folder.
    pub name: String,
    /// Its length in bytes.
    pub bytes: u64,
}

/// Files that can be read, by name.
pub trait Source {
    /// Where it is, for messages.
    fn place(&self) -> String;
    /// Its files, by name.
    fn list(&self) -> io::Result<Vec<Entry>>;
    /// Fill `buffer` from byte `offset` of a file on; how much there was, less than `buffer` only at the end of the file.
    fn read(&self, name: &str, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
}

/// Files that grow at their end, by name.
///
/// What was appended is there after a crash of the process; after a loss of power only what a [`Storage::sync`] that succeeded covers,
/// and a file created, renamed or removed only after [`Storage::sync_directory`]. A file is appended to only by the storage that
/// created it, so nothing here opens or truncates one.
pub trait Storage: Source {
    /// A new, empty file; an error where one of that name exists.
    fn create(&mut self, name: &str) -> io::Result<()>;
    /// Add all of `bytes` to the end of a file that this storage created, which must be `at` bytes long.
    fn append(&mut self, name: &str, at: u64, bytes: &[u8]) -> io::Result<()>;
    /// Make all that was appended to a file durable.
    fn sync(&mut self, name: &str) -> io::Result<()>;
    /// Make the names of the files durable.
    fn sync_directory(&mut self) -> io::Result<()>;
    /// Give a file another name, in place of one that has it.
    fn rename(&mut self, from: &str, to: &str) -> io::Result<()>;
    /// Remove a file.
    fn remove(&mut self, name: &str) -> io::Result<()>;
    /// A file that will not be appended to any more.
    fn close(&mut self, name: &str);
    /// What another thread can make durable all that was appended to a file so far with; none where only [`Self::sync`] can.
    fn detached(&self, _name: &str) -> io::Result<Option<DetachedSync>> {
        Ok(None)
    }
}

/// Makes a file durable from another thread, while it goes on being appended to.
#[derive(Debug)]
pub struct DetachedSync(File);

impl DetachedSync {
    /// Make all that was appended before this was made durable.
    pub fn run(&self) -> io::Result<()> {
        self.0.sync_data()?;
        still_there(&self.0.metadata()?)
    }
}

macro_rules! source_behind {
    ($($pointer:ty),*) => {$(
        impl<S: Source + ?Sized> Source for $pointer {
            fn place(&self) -> String {
                (**self).place()
            }
            fn list(&self) -> io::Result<Vec<Entry>> {
                (**self).list()
            }
            fn read(&self, name: &str, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
                (**self).read(name, offset, buffer)
            }
        }
    )*};
}

macro_rules! storage_behind {
    ($($pointer:ty),*) => {$(
        impl<S: Storage + ?Sized> Storage for $pointer {
            fn create(&mut self, name: &str) -> io::Result<()> {
                (**self).create(name)
            }
            fn append(&mut self, name: &str, at: u64, bytes: &[u8]) -> io::Result<()> {
                (**self).append(name, at, bytes)
            }
            fn sync(&mut self, name: &str) -> io::Result<()> {
                (**self).sync(name)
            }
            fn sync_directory(&mut self) -> io::Result<()> {
                (**self).sync_directory()
            }
            fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
                (**self).rename(from, to)
            }
            fn remove(&mut self, name: &str) -> io::Result<()> {
                (**self).remove(name)
            }
            fn close(&mut self, name: &str) {
                (**self).close(name);
            }
            fn detached(&self, name: &str) -> io::Result<Option<DetachedSync>> {
                (**self).detached(name)
            }
        }
    )*};
}

source_behind!(&S, &mut S, Box<S>);
storage_behind!(&mut S, Box<S>);

/// A folder of the file system. Syncs are `fdatasync`; files are readable by their owner alone.
#[derive(Debug)]
pub struct Files {
    folder: PathBuf,
    /// Files that this storage created and may append to: one or two.
    open: Vec<(String, File)>,
}

impl Files {
    /// The folder `folder`, which must exist.
    pub fn open(folder: impl Into<PathBuf>) -> io::Result<Self> {
        let folder = folder.into();
        if fs::metadata(&folder)?.is_dir() {
            Ok(Self { folder, open: Vec::new() })
        } else {
            Err(io::Error::new(ErrorKind::NotADirectory, "a journal is a folder, and this is a file"))
        }
    }

    /// The folder `folder`, made with those above it where it is missing.
    pub fn create(folder: impl Into<PathBuf>) -> io::Result<Self> {
        let folder = folder.into();
        let made: Vec<PathBuf> = folder.ancestors().take_while(|f| !f.as_os_str().is_empty() && !f.exists()).map(PathBuf::from).collect();
        if !made.is_empty() {
            fs::create_dir_all(&folder)?;
        }
        // The folders' own names must survive too.
        for new in made {
            if let Some(parent) = new.canonicalize()?.parent() {
                File::open(parent)?.sync_all()?;
            }
        }
        Self::open(folder)
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn file(&self, name: &str) -> io::Result<&File> {
        let found = self.open.iter().find(|(n, _)| n == name);
        found.map(|(_, f)| f).ok_or_else(|| io::Error::new(ErrorKind::NotFound, "only a file that was created here can be appended to"))
    }
}

/// Refuse a file without a name: another process has opened the journal and put a file of its own in its place.
fn still_there(about: &fs::Metadata) -> io::Result<()> {
    if about.nlink() == 0 {
        return Err(io::Error::other("the file was replaced or removed: another process has opened the journal"));
    }
    Ok(())
}

impl Source for Files {
    fn place(&self) -> String {
        self.folder.display().to_string()
    }

    fn list(&self) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let about = entry.metadata()?;
            if let (true, Ok(name)) = (about.is_file(), entry.file_name().into_string()) {
                entries.push(Entry { name, bytes: about.len() });
            }
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    fn read(&self, name: &str, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let file = File::open(self.folder.join(name))?;
        let mut filled = 0;
        while filled < buffer.len() {
            match file.read_at(&mut buffer[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(filled)
    }
}

impl Storage for Files {
    fn create(&mut self, name: &str) -> io::Result<()> {
        let file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(self.folder.join(name))?;
        self.open.push((name.to_owned(), file));
        Ok(())
    }

    fn append(&mut self, name: &str, at: u64, bytes: &[u8]) -> io::Result<()> {
        let mut file = self.file(name)?;
        let about = file.metadata()?;
        let length = about.len();
        still_there(&about)?;
        if length != at {
            return Err(io::Error::other(format!("the file is {length} bytes long and not {at}: another process has written to it")));
        }
        file.write_all(bytes)
    }

    fn sync(&mut self, name: &str) -> io::Result<()> {
        let file = self.file(name)?;
        file.sync_data()?;
        still_there(&file.metadata()?)
    }

    fn sync_directory(&mut self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.folder.join(from), self.folder.join(to))?;
        self.close(to);
        if let Some(open) = self.open.iter_mut().find(|(n, _)| n == from) {
            to.clone_into(&mut open.0);
        }
        Ok(())
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        self.close(name);
        fs::remove_file(self.folder.join(name))
    }

    fn close(&mut self, name: &str) {
        self.open.retain(|(n, _)| n != name);
    }

    fn detached(&self, name: &str) -> io::Result<Option<DetachedSync>> {
        self.file(name)?.try_clone().map(|file| Some(DetachedSync(file)))
    }
}
