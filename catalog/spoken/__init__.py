"""What is said in films: the words of their subtitles, searchable, each with the moment at which it is said."""
