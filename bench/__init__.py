"""What Throughcare measures of itself. See README.md beside this file."""
