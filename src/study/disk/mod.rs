//! What is kept on disk: whoever writes it and whoever reads it meet in these files and nowhere else.

pub mod compare;
pub mod contents;
pub mod finished;
pub mod folders;
pub mod follow;
pub mod past;
pub mod provenance;
pub mod record;
pub mod resume;
pub mod seal;
pub mod search;
pub mod steered;
pub mod tables;
pub mod trail;
pub mod trouble;
pub mod watch;
