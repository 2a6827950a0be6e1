"""Questions and answers: request -> plan -> execute -> result, over any store."""
