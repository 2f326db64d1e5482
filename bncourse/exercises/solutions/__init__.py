"""One solution an exercise, shown by `check.NAME.solution()`. Chapters: transform, staged-backward."""
