//! The stable words of `failed.step`. The daemon has a sentence for each; a new step is added here first.

macro_rules! steps {
    ($($name:ident = $word:literal),+ $(,)?) => {
        $(pub const $name: &str = $word;)+
        /// Every step, for tests and for the daemon's table.
        pub const ALL: &[&str] = &[$($word),+];
    };
}

steps! {
    // The conversation itself.
    PROTOCOL = "protocol",
    HELLO = "hello",
    PLAN = "plan",
    // Preparing.
    CGROUP_CREATE = "cgroup_create",
    CGROUP_WRITE = "cgroup_write",
    CGROUP_ATTACH = "cgroup_attach",
    HOLDER = "holder",
    NET_NAMESPACE = "net_namespace",
    NET_HOST = "net_host",
    NET_GUEST = "net_guest",
    CONTROL_SOCKET = "control_socket",
    // Links, addresses and the firewall; `path` names the interface, address, table or published port.
    NET_SOCKET = "net_socket",
    NET_LINK_CREATE = "net_link_create",
    NET_LINK = "net_link",
    NET_LINK_DELETE = "net_link_delete",
    NET_ADDRESS = "net_address",
    NET_ROUTE = "net_route",
    NET_BRIDGE = "net_bridge",
    NET_SYSCTL = "net_sysctl",
    NFT_TRANSACTION = "nft_transaction",
    // Names.
    DNS_SOCKETS = "dns_sockets",
    DNS_REDIRECT = "dns_redirect",
    DNS_TABLE = "dns_table",
    // Starting.
    CLONE = "clone",
    STDIO = "stdio",
    LOG_OPEN = "log_open",
    USER_NAMESPACE = "user_namespace",
    NAMESPACE_JOIN = "namespace_join",
    PARENT_DIED = "parent_died",
    INIT_DIED = "init_died",
    IMAGE_MOUNT = "image_mount",
    OOM_SCORE = "oom_score",
    OOM_WATCH = "oom_watch",
    DEVICE_PROGRAM = "device_program",
    TTY = "tty",
    INIT = "init",
    EXEC = "exec",
    // Building the container from the inside.
    DUMPABLE = "dumpable",
    MOUNT_NAMESPACE = "mount_namespace",
    TIME_NAMESPACE = "time_namespace",
    HOSTNAME = "hostname",
    DOMAINNAME = "domainname",
    IDMAP = "idmap",
    MOUNT = "mount",
    MOUNT_SOURCE = "mount_source",
    MOUNT_CGROUP = "mount_cgroup",
    DEVICE = "device",
    SYMLINK = "symlink",
    SYSCTL = "sysctl",
    READONLY_PATH = "readonly_path",
    MASK = "mask",
    PIVOT_ROOT = "pivot_root",
    READONLY_ROOT = "readonly_root",
    // Taking on the process's identity.
    SESSION_KEYRING = "session_keyring",
    USER = "user",
    CWD = "cwd",
    RLIMIT = "rlimit",
    IDENTITY = "identity",
    CLOSE_RANGE = "close_range",
    NO_NEW_PRIVILEGES = "no_new_privileges",
    CAPABILITIES = "capabilities",
    SECCOMP = "seccomp",
    // Control.
    NOT_RUNNING = "not_running",
    NO_SUCH_EXEC = "no_such_exec",
    EXEC_EXISTS = "exec_exists",
    SIGNAL = "signal",
    RESIZE = "resize",
    ATTACH = "attach",
    PROBE = "probe",
    // Storage.
    READ = "read",
    WRITE = "write",
    OPEN = "open",
    DEST = "dest",
    ROOT = "root",
    RESOLVE = "resolve",
    VOLUME = "volume",
    DESTINATION = "destination",
    OVERWRITE = "overwrite",
    TRAVERSAL = "traversal",
    CORRUPT = "corrupt",
    LIMIT = "limit",
    DIGEST = "digest",
    FORMAT = "format",
    FLAT = "flat",
    OVERLAY = "overlay",
    CHANGED = "changed",
    COMPRESS = "compress",
    COPY = "copy",
    REMOVE = "remove",
    MOUNTED = "mounted",
    STREAM = "stream",
    CANCELLED = "cancelled",
    DRAFT = "draft",
    COMMIT = "commit",
    LOCK = "lock",
    SWEEP = "sweep",
    TREE = "tree",
    RECIPE = "recipe",
    CONTENT = "content",
}

#[cfg(test)]
mod tests {
    #[test]
    fn all_words_are_unique_snake_case() {
        let mut seen = std::collections::BTreeSet::new();
        for word in super::ALL {
            assert!(word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{word}");
            assert!(seen.insert(word), "{word} twice");
        }
    }
}
