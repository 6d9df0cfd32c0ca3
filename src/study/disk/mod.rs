//! What is kept on disk: whoever writes it and whoever reads it meet in these files and nowhere else.

pub mod compare;
pub mod contents;
pub mod files;
pub mod finished;
pub mod folders;
pub mod follow;
pub mod held;
pub mod holder;
pub mod holders;
pub mod lock;
pub mod note;
pub mod past;
pub mod provenance;
pub mod record;
pub mod request;
pub mod resume;
pub mod seal;
pub mod search;
pub mod steered;
pub mod trail;
pub mod trouble;
pub mod watch;
