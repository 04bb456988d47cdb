"""What the page at `/` needs beside the API that everybody uses: the house and the appliance, live."""
