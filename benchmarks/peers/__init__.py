"""Other libraries, each as its documentation teaches to use it when speed matters."""
