"""Reading untrusted files in a process of its own, where a hostile one can do no harm."""
